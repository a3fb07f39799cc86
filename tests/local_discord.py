"""A small Discord on loopback for tests: keeps one message per token, and fails on demand."""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Failure = tuple[int, dict[str, Any]] | str
"""An answer in place of the right one: status and JSON, or a text for a reset connection."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    payload: dict[str, Any]
    files: list[tuple[str, bytes]]


@dataclass
class LocalDiscord:
    """A context manager; `url` is the base of the API."""

    requests: list[Request] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    largest_request: int = 25 * 1024 * 1024
    applies_failed_requests: bool = False
    """Whether a request takes effect though it fails."""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    host: str = "127.0.0.1"

    def __enter__(self) -> Self:
        discord = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                discord._handle(self)

            def do_PATCH(self) -> None:
                discord._handle(self)

            def log_message(self, *_args: Any) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer((self.host, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{self.host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        payload, files = _parse(handler.headers.get("Content-Type", ""), body)
        self.requests.append(Request(handler.command, handler.path, payload, files))
        failure = self.failures.pop(0) if self.failures else None
        if failure and self.applies_failed_requests:
            self._apply(handler.path, payload, files)
        if isinstance(failure, str):
            # Closing with a linger of zero sends RST instead of FIN.
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            handler.close_connection = True
            handler.connection.close()
        elif isinstance(failure, tuple):
            _reply(handler, *failure)
        elif len(body) > self.largest_request:
            _reply(handler, 413, {"code": 40005, "message": "Request entity too large"})
        else:
            _reply(handler, 200, self._apply(handler.path, payload, files))

    def _apply(
        self, path: str, payload: dict[str, Any], files: list[tuple[str, bytes]]
    ) -> dict[str, Any]:
        message = self.messages.setdefault(path, {"id": "1", "content": "", "attachments": []})
        for name in ("content", "components", "flags"):
            if name in payload:
                message[name] = payload[name]
        if "attachments" in payload:
            message["attachments"] = [{"filename": name} for name, _ in files]
        return message


def _reply(handler: BaseHTTPRequestHandler, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _parse(content_type: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    if not content_type.startswith("multipart/"):
        return (json.loads(body) if body else {}), []
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    payload: dict[str, Any] = {}
    files: list[tuple[str, bytes]] = []
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name := part.get_filename():
            files.append((name, content))
        else:
            payload = json.loads(content)
    return payload, files
