"""An application that knows nothing of signing: python3 wallet.py http://localhost:8080/dfns"""
import json, sys, urllib.request

def dfns(method, path, body=None):
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(sys.argv[1] + path, data, {"Content-Type": "application/json"}, method=method)
    return json.load(urllib.request.urlopen(request))

wallet = dfns("POST", "/wallets", {"network": "EthereumSepolia", "name": "Büro"})
transfer = dfns("POST", f"/wallets/{wallet['id']}/transfers", {"kind": "Native", "to": "0xb282dc7cde21717f18337a596e91ded00b79b25f", "amount": "1000"})
print(json.dumps({"wallet": wallet, "transfer": transfer, "wallets": dfns("GET", "/wallets?limit=10")}))
