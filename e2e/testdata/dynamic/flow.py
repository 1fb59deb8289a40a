"""An application that knows nothing of tokens: python3 flow.py http://localhost:8080/dynamic <environment>"""
import json, sys, urllib.request

base, env = sys.argv[1] + "/api/v0", sys.argv[2]

def dynamic(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"}, method=method)
    return json.load(urllib.request.urlopen(request))

def state(step, body):
    return dynamic("POST", f"/sdk/{env}/flow/{flow['id']}/{step}", body)["executionState"]

flow = dynamic("POST", f"/server/{env}/flow/payment", {"amount": "25.00", "currency": "USD"})
attached = dynamic("POST", f"/sdk/{env}/flow/{flow['id']}/source", {"sourceType": "wallet"})
states = [attached["flow"]["executionState"], state("quote", {}), state("prepare", {}), state("broadcast", {"txHash": "0x1"})]
print(json.dumps({"id": flow["id"], "token": attached.get("sessionToken"), "states": states}))
