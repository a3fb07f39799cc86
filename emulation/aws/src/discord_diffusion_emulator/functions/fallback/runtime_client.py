"""Stands in for awslambdaric's compiled `runtime_client`, which only wheels for Linux contain.

Runs in a function's process where the compiled one is missing. Standard library only.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import os

_ROOT = "/2018-06-01/runtime/invocation"
_connection: http.client.HTTPConnection | None = None
_user_agent = ""


def initialize_client(user_agent: str) -> None:
    """Keep the user agent for all requests."""
    global _user_agent
    _user_agent = user_agent


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001  # the name that awslambdaric calls
    """Wait for the next event: its body and headers."""
    status, body, headers = _request("GET", f"{_ROOT}/next")
    _expect(status, 200, body)
    return body, headers


def post_invocation_result(invoke_id: str, content: bytes, content_type: str) -> None:
    """Post the response to an event."""
    headers = {"Content-Type": content_type}
    status, body, _ = _request("POST", f"{_ROOT}/{invoke_id}/response", content, headers)
    _expect(status, 202, body)


def post_error(invoke_id: str, content: str, xray_fault: str) -> None:
    """Post the error with which the handler failed."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault.replace("\n", " "),
    }
    status, body, _ = _request("POST", f"{_ROOT}/{invoke_id}/error", content.encode(), headers)
    _expect(status, 202, body)


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    global _connection
    if _connection is None:
        _connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    _connection.request(method, path, body, {"User-Agent": _user_agent, **(headers or {})})
    response = _connection.getresponse()
    return response.status, response.read(), dict(response.getheaders())


def _expect(status: int, expected: int, body: bytes) -> None:
    if status != expected:
        raise RuntimeError(f"the Runtime API answered {status}: {body[:200]!r}")
