"""Stands in for awslambdaric's compiled `runtime_client`, which only wheels for Linux contain.

Runs in a function's process where the compiled one is missing. Standard library only.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import os

_ROOT = "/2018-06-01/runtime/invocation"
_connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
_user_agent = ""


def initialize_client(user_agent: str) -> None:
    """Keep the user agent for all requests."""
    global _user_agent
    _user_agent = user_agent


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001  # the name that awslambdaric calls
    """Wait for the next event: its body and headers."""
    return _request("GET", f"{_ROOT}/next", 200)


def post_invocation_result(invoke_id: str, content: bytes, content_type: str) -> None:
    """Post the response to an event."""
    headers = {"Content-Type": content_type}
    _request("POST", f"{_ROOT}/{invoke_id}/response", 202, content, headers)


def post_error(invoke_id: str, content: str, xray_fault: str) -> None:
    """Post the error with which the handler failed."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault.replace("\n", " "),
    }
    _request("POST", f"{_ROOT}/{invoke_id}/error", 202, content.encode(), headers)


def _request(
    method: str,
    path: str,
    expected_status: int,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[bytes, dict[str, str]]:
    _connection.request(method, path, body, {"User-Agent": _user_agent, **(headers or {})})
    response = _connection.getresponse()
    content = response.read()
    if response.status != expected_status:
        raise RuntimeError(f"the Runtime API answered {response.status}: {content[:200]!r}")
    return content, dict(response.getheaders())
