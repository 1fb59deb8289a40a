import sys
import urllib.request

url, body = sys.argv[1], open(sys.argv[2], "rb").read()
request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=30) as answer:
    print(answer.status)
