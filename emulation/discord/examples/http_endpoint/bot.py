"""A bot without a library: an HTTP endpoint that checks signatures and answers /roll."""

import json
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

PING, MESSAGE = {"type": 1}, 4


def server(public_key: str) -> ThreadingHTTPServer:
    """The endpoint, on a free port of 127.0.0.1, for the application with this key."""
    key = VerifyKey(bytes.fromhex(public_key))

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers["X-Signature-Timestamp"].encode() + body
            try:
                key.verify(signed, bytes.fromhex(self.headers["X-Signature-Ed25519"]))
            except BadSignatureError:
                self.send_error(401)
                return
            interaction = json.loads(body)
            answer = PING if interaction["type"] == PING["type"] else _answer()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

    return ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)


def _answer() -> dict[str, object]:
    content = f"A {random.randint(1, 6)}"
    return {"type": MESSAGE, "data": {"content": content}}
