"""What foreign web pages may send: their headers, whether ports refuse it, a server of pages."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from emulation.rig.waiting import wait_until

HEADERS = (
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)
"""Headers of requests on behalf of foreign pages; without a Host, it is the server's own."""


def check_that_ports_refuse(ports: Callable[[], Collection[int]]) -> None:
    """Send what foreign pages may send to every listening port, as `ports` finds them.

    A function that is removed takes its port along.
    """
    with httpx.Client(trust_env=False, timeout=20) as http:
        for port in list(ports()):
            try:
                _check_that_port_refuses(http, port)
            except httpx.TransportError:
                wait_until(lambda port=port: port not in ports(), f"nothing listens on {port}", 10)


def _check_that_port_refuses(http: httpx.Client, port: int) -> None:
    url = f"http://127.0.0.1:{port}/2018-06-01/runtime/invocation/next"
    for headers in HEADERS:
        for method in ("GET", "POST", "OPTIONS"):
            answer = http.request(method, url, headers=headers)
            assert answer.status_code == 403, (port, headers, method)
            assert "access-control-allow-origin" not in answer.headers


@dataclass
class ForeignServer:
    """A server on a loopback port that answers everything, and every page, with a blank page."""

    port: int = 0
    received: list[str] = field(default_factory=list)
    """The methods of the requests for /target; WEBSOCKET for an upgrade."""


@contextmanager
def serving() -> Iterator[ForeignServer]:
    """Serve on a free port."""
    served = ForeignServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/target"):
                upgrade = self.headers.get("Upgrade", "").upper()
                served.received.append(upgrade or self.command)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that the base calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
