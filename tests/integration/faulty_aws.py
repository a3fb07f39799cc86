"""A proxy before the emulator that fails as AWS does: throttled, late, or lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

FAULTS = {"throttled": 0.03, "failed": 0.02, "lost": 0.01, "unanswered": 0.01, "late": 0.02}
"""The share of the calls that each fault strikes. A lost call is not passed on, an unanswered one
is, a late one is passed on when its client has timed out."""
LATE_SECONDS = 1.5
"""Longer than the time-outs of the functions' and the worker's calls of DynamoDB."""
_SERVICES = ("DynamoDB_", "AmazonSQS", "AWSStepFunctions")
_ANSWERS = {
    "throttled": (400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'),
    "failed": (500, b'{"__type":"InternalServerError","message":"Internal error"}'),
}


@dataclass
class FaultyAws:
    """The proxy at `url`; `hits` counts what struck which operation."""

    upstream: str
    rng: random.Random
    url: str = ""
    on: bool = True
    hits: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, target: str) -> str | None:
        """The fault that strikes this call, if one does."""
        if not self.on or not target.startswith(_SERVICES):
            return None
        with self._lock:
            dice = self.rng.random()
            for fault, share in FAULTS.items():
                if dice < share:
                    self.hits[fault] += 1
                    return fault
                dice -= share
        return None


@contextmanager
def faulty_aws(upstream: str, rng: random.Random) -> Iterator[FaultyAws]:
    """The proxy on a loopback port of its own."""
    proxy = FaultyAws(upstream, rng)
    pool = urllib3.PoolManager(maxsize=64, retries=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = proxy.draw(self.headers.get("X-Amz-Target", ""))
            if fault in _ANSWERS:
                return self.reply(*_ANSWERS[fault])
            if fault == "late":
                time.sleep(LATE_SECONDS)
            if fault == "lost":
                self.close_connection = True
                return None
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            answer = pool.request("POST", proxy.upstream + self.path, body=body, headers=headers)
            if fault == "unanswered":
                self.close_connection = True
                return None
            return self.reply(answer.status, answer.data, answer.headers.get("Content-Type"))

        def do_GET(self) -> None:
            answer = pool.request("GET", proxy.upstream + self.path, headers=dict(self.headers))
            self.reply(answer.status, answer.data, answer.headers.get("Content-Type"))

        def reply(self, status: int, content: bytes, kind: str | None = None) -> None:
            with suppress(OSError):  # the client has stopped waiting
                self.send_response(status)
                self.send_header("Content-Type", kind or "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """A client may stop waiting at any time."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
