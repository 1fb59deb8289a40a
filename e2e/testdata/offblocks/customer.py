"""An application that knows nothing of tokens and signatures: python3 customer.py http://localhost:8080/offblocks"""
import json, sys, urllib.error, urllib.request

def offblocks(method, path, body=None):
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(sys.argv[1] + "/v1" + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")

made = offblocks("POST", "/customers", {"externalId": "Büro 7", "chainId": "eip155:1"})
customer = f"/customers/{made['id']}"
read = offblocks("GET", customer)
challenge = offblocks("GET", customer + "/challenge")["challenge"]
signed = offblocks("POST", customer + "/challenge/sign", {"signature": "0x" + challenge.encode().hex()})  # by the user's wallet
active = offblocks("GET", customer + "?fields=status")
changed = offblocks("PATCH", customer, {"externalId": "Büro 8"})
deleted = offblocks("DELETE", customer)
try:
    gone = offblocks("GET", customer)
except urllib.error.HTTPError as error:
    gone = error.code
print(json.dumps({"made": made, "read": read, "signed": signed, "active": active, "changed": changed, "deleted": deleted, "gone": gone}))
