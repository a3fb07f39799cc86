"""The Lambda Runtime API, served on a loopback port to one process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import sys
import threading
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

from ecs_fleet_emulator.errors import InitError, ProcessExitedError
from ecs_fleet_emulator.foreign_requests import refusal
from ecs_fleet_emulator.http_handler import RequestHandler

from .outcomes import MAX_RESPONSE_BYTES, Outcome, too_large

_ROOT = "/2018-06-01/runtime"
_NEXT = f"{_ROOT}/invocation/next"
_INIT_ERROR = f"{_ROOT}/init/error"
_INVOCATION = f"{_ROOT}/invocation/"


@dataclass(frozen=True)
class Invocation:
    """One event for the function."""

    request_id: str
    function_arn: str
    trace_id: str
    payload: bytes
    deadline_ms: int

    def headers(self) -> dict[str, str]:
        """The headers with which the process receives the event."""
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }


class RuntimeApi:
    """Passes events to one process and receives its responses; one invocation at a time."""

    def __init__(self, max_response_bytes: int = MAX_RESPONSE_BYTES) -> None:
        self.max_response_bytes = max_response_bytes
        self.initialised: Future[None] = Future()
        """Done with the first request for an event; fails with InitError or ProcessExitedError."""
        self._pending: SimpleQueue[Invocation | None] = SimpleQueue()
        self._outcomes: dict[str, Future[Outcome]] = {}
        self._exited: ProcessExitedError | None = None
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.address = "{}:{}".format(*self._server.server_address)
        """host:port, for AWS_LAMBDA_RUNTIME_API."""

    def invoke(self, invocation: Invocation) -> "Future[Outcome]":
        """Pass an event to the process. The future fails with ProcessExitedError if it ends."""
        outcome: Future[Outcome] = Future()
        with self._lock:
            if self._exited is None:
                self._outcomes[invocation.request_id] = outcome
                self._pending.put(invocation)
            else:
                outcome.set_exception(self._exited)
        return outcome

    def process_exited(self, return_code: int) -> None:
        """Fail the initialisation and all invocations that wait for the process."""
        exited = ProcessExitedError(return_code)
        with self._lock:
            self._exited = exited
            waiting = list(self._outcomes.values())
        _settle(self.initialised, error=exited)
        for outcome in waiting:
            _settle(outcome, error=exited)

    def close(self) -> None:
        """Stop serving. Does not wait for the server's thread, which may take half a second."""
        self._pending.put(None)
        threading.Thread(target=self._server.stop, daemon=True).start()

    # The requests of the process.

    def next(self) -> Invocation | None:
        """Wait for the next event; None once the API is closed."""
        _settle(self.initialised, result=None)
        return self._pending.get()

    def init_failed(self, payload: bytes) -> None:
        """Fail the initialisation with the error that the process posted."""
        _settle(self.initialised, error=InitError(payload))

    def respond(self, request_id: str, outcome: Outcome) -> bool:
        """Complete an invocation; False if no invocation with this id is running."""
        future = self._outcomes.pop(request_id, None)
        return future is not None and _settle(future, result=outcome)


def _settle(future: "Future[Any]", result: object = None, error: Exception | None = None) -> bool:
    """Complete the future; False if it was complete already."""
    try:
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
    except InvalidStateError:
        return False
    return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
        threading.Thread(target=self.serve_forever, name="runtime-api", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what is no end of a connection, which every killed process has."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(RequestHandler):
    server: _Server

    def parse_request(self) -> bool:
        """As the base, and refuse what a foreign web page may have sent: events hold tokens."""
        if not super().parse_request():
            return False
        if reason := refusal(self.headers.get):
            self.close_connection = True
            self._reply(HTTPStatus.FORBIDDEN, {"errorMessage": reason})
        return not reason

    def do_GET(self) -> None:  # noqa: N802  # the base calls it
        if self.path != _NEXT:
            self._reply(HTTPStatus.NOT_FOUND, {"errorMessage": f"no such path: {self.path}"})
        elif (invocation := self.server.api.next()) is None:
            self.close_connection = True
        else:
            self._send(HTTPStatus.OK, invocation.payload, invocation.headers())

    def do_POST(self) -> None:  # noqa: N802  # as above
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request_id, _, verb = self.path.removeprefix(_INVOCATION).partition("/")
        if self.path == _INIT_ERROR:
            self.server.api.init_failed(body)
            self._reply(HTTPStatus.ACCEPTED, {"status": "OK"})
        elif verb == "response" and len(body) > self.server.api.max_response_bytes:
            self.server.api.respond(request_id, too_large(self.server.api.max_response_bytes))
            self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"errorType": "RequestEntityTooLarge"})
        elif verb in ("response", "error"):
            failed = verb == "error"
            # A process that closes its connection takes no other event.
            outcome = Outcome(
                body,
                is_error=failed,
                status="error" if failed else "",
                ends_process=self.close_connection,
            )
            if self.server.api.respond(request_id, outcome):
                self._reply(HTTPStatus.ACCEPTED, {"status": "OK"})
            else:
                self._reply(HTTPStatus.BAD_REQUEST, {"errorType": "InvalidRequestID"})
        else:
            self._reply(HTTPStatus.NOT_FOUND, {"errorMessage": f"no such path: {self.path}"})

    def _reply(self, status: HTTPStatus, content: dict[str, str]) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
