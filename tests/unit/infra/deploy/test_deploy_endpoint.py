"""The endpoint's public address, and the wait until it answers as Discord requires."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.deploy import endpoint
from infra.deploy.errors import EndpointError

AWS = "https://abc123.execute-api.us-east-1.amazonaws.com/v1/interactions"


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[int]]]:
    """A server's address and its answers: one status after another, then always the last."""
    left, answers = list(statuses), list[int]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answers.append(left.pop(0) if len(left) > 1 else left[0])
            self.send_response(answers[-1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/interactions", answers
    finally:
        server.shutdown()
        server.server_close()


def test_without_a_template_the_address_is_api_gateways() -> None:
    assert endpoint.public_address(AWS, "abc123", None) == AWS


def test_a_custom_domain_leads_to_the_same_path() -> None:
    found = endpoint.public_address(AWS, "abc123", "https://bot.example.org{path}")
    assert found == "https://bot.example.org/v1/interactions"
    found = endpoint.public_address(AWS, "abc123", "http://127.0.0.1:4566/x/{rest_api_id}{path}")
    assert found == "http://127.0.0.1:4566/x/abc123/v1/interactions"


@pytest.mark.parametrize("template", ["https://{where}/x", "https://{0}/x", "https://{/x"])
def test_a_template_with_an_unknown_placeholder_is_refused(template: str) -> None:
    with pytest.raises(EndpointError, match="rest_api_id"):
        endpoint.public_address(AWS, "abc123", template)


def test_an_endpoint_that_comes_up_slowly_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    with answering(403, 500, 401) as (url, answers):
        endpoint.wait_for_endpoint(url)
    assert answers == [403, 500, 401, 401, 401]


def test_an_endpoint_that_is_not_everywhere_yet_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """API Gateway's servers do not get a new deployment at the same time."""
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    with answering(401, 403, 401, 401, 403, 401) as (url, answers):
        endpoint.wait_for_endpoint(url)
    assert answers == [401, 403, 401, 401, 403, 401, 401, 401]


@pytest.mark.parametrize("status", [200, 502])
def test_an_endpoint_that_accepts_unsigned_requests_is_refused(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    with answering(status) as (url, _), pytest.raises(EndpointError, match=str(status)):
        endpoint.wait_for_endpoint(url, patience_seconds=0.2)


def test_the_error_about_an_unreachable_endpoint_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    with pytest.raises(EndpointError, match="ConnectError"):
        endpoint.wait_for_endpoint("http://127.0.0.1:9/interactions", patience_seconds=0.2)
