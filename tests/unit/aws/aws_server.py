"""A small HTTP server that stands in for AWS: it gives fixed answers and records the calls."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, Any]]
"""HTTP status and body; status 0 closes the connection without an answer."""

OK: Answer = (200, {})
EMPTY: dict[str, Answer] = {
    "GetQueueAttributes": (
        200,
        {
            "Attributes": {
                "ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesDelayed": "0",
                "ApproximateNumberOfMessagesNotVisible": "0",
            }
        },
    ),
    "BatchGetItem": (200, {"Responses": {}}),
    "GetItem": OK,
    "PutItem": OK,
    "TransactWriteItems": OK,
    "UpdateItem": OK,
    "StartExecution": OK,
}
"""The answers of a new deployment, whose table and queue are empty."""
BUSY: Answer = (503, {"__type": "ServiceUnavailable"})


@dataclass
class AwsServer:
    """Gives `answers` in turn, the last one for ever, and keeps the calls.

    Actions in `fixed_answers` are always answered from there, out of turn.
    """

    endpoint: str = ""
    fixed_answers: dict[str, Answer] = field(default_factory=dict)
    answers: list[Answer | Callable[[], Answer]] = field(default_factory=lambda: [OK])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def next_answer(self, action: str) -> Answer:
        if action in self.fixed_answers:
            return self.fixed_answers[action]
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer() if callable(answer) else answer

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that direct the SDK to this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }


@contextmanager
def serve() -> Iterator[AwsServer]:
    """A server on a loopback port of its own."""
    state = AwsServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            action = self.headers["X-Amz-Target"].split(".")[-1]
            state.calls.append((action, body))
            state.authorizations.append(self.headers["Authorization"])
            status, content = state.next_answer(action)
            if status == 0:
                self.close_connection = True
                return
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
