"""Serves a WSGI application over HTTP/1.1, with a thread for each connection.

A thread reads a request, answers it and waits for the next one of its client. An event loop that
hands requests to other threads costs each of them several switches, for which a thread waits
until the interpreter is free: most of the time of a short request.
"""

import contextlib
import io
import logging
import math
import resource
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ecs_fleet_emulator.request_bodies import read_body

from .http_handler import RequestHandler

LOG = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
"""After this time without a request, or in the middle of one, a connection is closed."""
_STOP_SECONDS = 0.05
"""How long a stop may go unnoticed."""

MOST_CONNECTIONS = 1000
"""Each has a thread."""

_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%b"
)

Header = Callable[[str], str | None]
"""The value of a header of a request; None if it has none."""


def _no_limit(_header: Header) -> float:
    return math.inf


def most_connections() -> int:
    """How many connections may be open: with half of the files that this process may have open.

    Where it has none left, it can neither accept a connection nor refuse one.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class HttpServer(socketserver.ThreadingTCPServer):
    """Listens on one address from its creation, and serves between `start` and `stop`.

    `longest_body` says by a request's headers how long its body may be, in bytes; a request with a
    longer one is refused before that is read. With as many open connections as `most_connections`
    says, a further one is refused with status 503, which AWS's SDKs repeat.

    Raises:
        OSError: the address is in use.
    """

    allow_reuse_address = True
    request_queue_size = 1024
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        host: str,
        port: int,
        application: WSGIApplication,
        longest_body: Callable[[Header], float] = _no_limit,
    ) -> None:
        super().__init__((host, port), _Handler)
        self._most_connections = most_connections()
        self._places = threading.Semaphore(self._most_connections)
        self.application, self.longest_body = application, longest_body
        self._changed = threading.Condition()
        self._running = 0
        self._has_started = False

    def start(self) -> None:
        """Serve, in threads of this server's."""
        self._has_started = True
        arguments = (_STOP_SECONDS,)
        threading.Thread(
            target=self.serve_forever, args=arguments, name="http-server", daemon=True
        ).start()

    def stop(self, seconds: float) -> None:
        """Accept nothing more, and give the requests that run `seconds` to end."""
        if self._has_started:  # else the base waits for ever
            self.shutdown()
        self.server_close()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)

    def count_running(self, change: int) -> None:
        """A request has begun (1), or ended (-1)."""
        with self._changed:
            self._running += change
            self._changed.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, if there is a place."""
        if not self._places.acquire(blocking=False):
            self._refuse(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # there is no thread that would do it
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the base; then the place is free."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def _refuse(self, connection: socket.socket) -> None:
        text = f"the emulator has {self._most_connections} open connections, its most".encode()
        LOG.warning("a connection was refused: %s", text.decode())
        with contextlib.suppress(OSError):
            connection.sendall(_REFUSAL % (len(text), text))
        self.shutdown_request(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the base's
        """Log what is no end of a connection, which connections have."""
        if not isinstance(sys.exception(), OSError):
            LOG.error("a request of %s has failed", client_address, exc_info=True)


class _Handler(RequestHandler):
    timeout = IDLE_SECONDS
    server: HttpServer

    def _serve(self) -> None:
        self.server.count_running(1)
        try:
            try:
                environ = self._environ(self._body())
            except (OSError, ValueError, OverflowError, MemoryError, HTTPException):
                self.close_connection = True
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            self._run(environ)
        finally:
            self.server.count_running(-1)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Let a client go on that waits for this before it sends its body."""
        may_go_on = super().handle_expect_100()
        self.wfile.flush()
        return may_go_on

    def _body(self) -> bytes:
        stream: Any = self.rfile  # typeshed has another type for streams
        return read_body(stream, self.headers, self.server.longest_body(self.headers.get))

    def _environ(self, body: bytes) -> WSGIEnvironment:
        """https://peps.python.org/pep-3333/#environ-variables, and what rolo wants."""
        # Not `self.path`, from which the base takes slashes.
        target = self.requestline.split()[1]
        path, _, query = target.partition("?")
        if not path.startswith("/"):  # as a client of a proxy names it
            path = urlsplit(path).path
        host, port = self.server.server_address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "SERVER_PROTOCOL": self.request_version,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            # Headers as they were sent: WSGI's names lose their case and their dashes.
            "rolo.headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in self.headers.items()
            ],
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _run(self, environ: WSGIEnvironment) -> None:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [(status, headers)]

        answer = self.server.application(environ, _typed(start_response))
        try:
            # An application may start its response with the first part of the body.
            parts = iter(answer)
            first = next(parts, b"")
            ((status, headers),) = started
            self._send(status, headers, first, parts)
        finally:
            if hasattr(answer, "close"):
                answer.close()

    def _send(
        self, status: str, headers: list[tuple[str, str]], first: bytes, rest: Iterable[bytes]
    ) -> None:
        code, _, reason = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        bodiless = self.command == "HEAD" or int(code) in _WITHOUT_BODY
        self.send_response_only(int(code), reason)
        if "server" not in names:
            self.send_header("Server", self.server_version)
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)  # the base closes the connection after its `close`
        chunked = not bodiless and "content-length" not in names
        if chunked and self.request_version == "HTTP/1.0":
            self.close_connection, chunked = True, False
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection and "connection" not in names:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            self._write(first, chunked=chunked)
            for part in rest:
                self.wfile.flush()  # a part may be long in coming
                self._write(part, chunked=chunked)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _write(self, part: bytes, *, chunked: bool) -> None:
        if not part:
            return
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)


def _typed(start_response: Any) -> StartResponse:
    """Without `write`, which frameworks don't use any more."""
    return start_response  # type: ignore[no-any-return]
