import sys
import requests

url, body = sys.argv[1], open(sys.argv[2], "rb").read()
answer = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30)
answer.raise_for_status()
print(answer.status_code)
