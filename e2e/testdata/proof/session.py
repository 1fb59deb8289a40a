"""An application's server: python3 session.py http://localhost:8080/proof"""
import base64, json, os, socket, sys, urllib.parse, urllib.request

def proof(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"}
    return urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, data, headers, method=method)).read()

def socket_says(path, *messages):
    """A WebSocket of a few lines (RFC 6455), for the library has none."""
    url = urllib.parse.urlsplit(sys.argv[1] + path)
    with socket.create_connection((url.hostname, url.port), 10) as conn:
        conn.sendall((f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n").encode())
        stream = conn.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline() != b"\r\n":
            pass
        def receive():
            size = stream.read(2)[1]
            return stream.read(size).decode()
        said = [receive()]
        for message in messages:
            mask, data = os.urandom(4), message.encode()
            conn.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
            said.append(receive())
        return said

session = proof("POST", "/widget/session", {"merchant_transaction_id": "m-1", "amount": 1550})
status = json.loads(proof("GET", "/widget/transactions/m-1"))
print(json.dumps({"session": session.decode(), "status": status["status"], "said": socket_says("/ws?tx_id=m-1", "ping")}))
