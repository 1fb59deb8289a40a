# urllib_client.py <URL> <document> <directory for what was sent>
import contextlib
import io
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request
import uuid

url, document, sent = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
fields = {"amount": "12.50", "to": "Zoë & Söhne"}
# Level 1 prints the status lines, that of 100 too.
urllib.request.install_opener(urllib.request.build_opener(
    urllib.request.HTTPHandler(debuglevel=1), urllib.request.HTTPSHandler(debuglevel=1)))


def multipart():
    boundary, body = uuid.uuid4().hex, b""
    for name, value in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="document"; filename="{document.name}"\r\n'
             "Content-Type: application/pdf\r\n\r\n").encode()
    body += document.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def post(name, content_type, body, headers):
    (sent / name).write_bytes(body)
    request = urllib.request.Request(f"{url}/{name}", body, {"Content-Type": content_type, **headers})
    with contextlib.redirect_stdout(io.StringIO()) as log, urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    print(name, *re.findall(r"'HTTP/1.. (\d+)", log.getvalue()))


for suffix, headers in ("", {}), ("-expect", {"Expect": "100-continue"}):
    post("json" + suffix, "application/json", json.dumps(fields).encode(), headers)
    post("form" + suffix, "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode(), headers)
    post("multipart" + suffix, *multipart(), headers)
