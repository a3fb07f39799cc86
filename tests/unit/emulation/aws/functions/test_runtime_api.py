"""The Lambda Runtime API answers a runtime, and the fallback of AWS's client."""

import importlib.util
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from ecs_fleet_emulator import functions
from ecs_fleet_emulator.errors import InitError, ProcessExitedError
from ecs_fleet_emulator.functions.outcomes import MAX_RESPONSE_BYTES, Outcome
from ecs_fleet_emulator.functions.runtime_api import Invocation, RuntimeApi

SECONDS = 60


def invocation(request_id: str = "id-1", payload: bytes = b'{"n": 1}') -> Invocation:
    return Invocation(request_id, "arn:function", "Root=1-2", payload, deadline_ms=1234)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


@pytest.fixture
def http(api: RuntimeApi) -> Iterator[httpx.Client]:
    base = f"http://{api.address}/2018-06-01/runtime"
    with httpx.Client(base_url=base, timeout=SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture
def fallback(api: RuntimeApi, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that replaces awslambdaric's compiled one, as the process would import it."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", api.address)
    path = Path(functions.__file__).parent / "fallback" / "runtime_client.py"
    spec = importlib.util.spec_from_file_location("runtime_client", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.initialize_client("tests/1.0")
    return module


def test_an_event_has_lambdas_headers(api: RuntimeApi, http: httpx.Client) -> None:
    api.invoke(invocation())
    answer = http.get("/invocation/next")
    assert answer.content == b'{"n": 1}'
    assert answer.headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
    assert answer.headers["Lambda-Runtime-Deadline-Ms"] == "1234"
    assert answer.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:function"
    assert answer.headers["Lambda-Runtime-Trace-Id"] == "Root=1-2"


def test_a_request_for_an_event_ends_the_initialisation(
    api: RuntimeApi, http: httpx.Client
) -> None:
    assert not api.initialised.done()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(http.get, "/invocation/next")
        api.initialised.result(SECONDS)
        assert not waiting.done()
        api.invoke(invocation())
        assert waiting.result(SECONDS).status_code == 200


@pytest.mark.parametrize(("verb", "failed"), [("response", False), ("error", True)])
def test_a_response_completes_its_invocation(
    api: RuntimeApi, http: httpx.Client, verb: str, *, failed: bool
) -> None:
    future = api.invoke(invocation())
    http.get("/invocation/next")
    assert http.post(f"/invocation/id-1/{verb}", content=b"body").status_code == 202
    answer = future.result(SECONDS)
    assert (answer.payload, answer.is_error) == (b"body", failed)


def test_a_response_to_an_unknown_invocation_is_refused(http: httpx.Client) -> None:
    assert http.post("/invocation/unknown/response", content=b"1").status_code == 400


def test_a_second_response_is_refused(api: RuntimeApi, http: httpx.Client) -> None:
    api.invoke(invocation())
    http.get("/invocation/next")
    assert http.post("/invocation/id-1/response", content=b"1").status_code == 202
    assert http.post("/invocation/id-1/response", content=b"2").status_code == 400


def test_a_response_that_is_too_large_is_refused_and_reported(
    api: RuntimeApi, http: httpx.Client
) -> None:
    future = api.invoke(invocation())
    http.get("/invocation/next")
    content = b"x" * (MAX_RESPONSE_BYTES + 1)
    assert http.post("/invocation/id-1/response", content=content).status_code == 413
    assert json.loads(future.result(SECONDS).payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size"
        " (6291556 bytes).",
    }


def test_the_largest_response_can_be_another() -> None:
    api = RuntimeApi(max_response_bytes=3)
    base = f"http://{api.address}/2018-06-01/runtime"
    with httpx.Client(base_url=base, timeout=SECONDS, trust_env=False) as client:
        for content, status in ((b"123", 202), (b"1234", 413)):
            api.invoke(invocation())
            client.get("/invocation/next")
            answer = client.post("/invocation/id-1/response", content=content)
            assert answer.status_code == status
    api.close()


def test_an_init_error_ends_the_initialisation(api: RuntimeApi, http: httpx.Client) -> None:
    assert http.post("/init/error", content=b'{"errorType": "X"}').status_code == 202
    with pytest.raises(InitError) as caught:
        api.initialised.result(SECONDS)
    assert caught.value.payload == b'{"errorType": "X"}'


@pytest.mark.parametrize("path", ["/nonsense", "/invocation/id-1/nonsense"])
def test_an_unknown_path_is_not_found(http: httpx.Client, path: str) -> None:
    assert http.post(path, content=b"").status_code == 404
    assert http.get(path).status_code == 404


def test_the_end_of_the_process_fails_the_initialisation_and_all_invocations(
    api: RuntimeApi,
) -> None:
    under_way = api.invoke(invocation("id-1"))
    api.process_exited(-9)
    later = api.invoke(invocation("id-2"))
    for future in (api.initialised, under_way, later):
        with pytest.raises(ProcessExitedError) as caught:
            future.result(SECONDS)
        assert caught.value.return_code == -9


def test_the_fallback_client_gets_events_and_posts_responses(
    api: RuntimeApi, fallback: ModuleType
) -> None:
    give: dict[str, Callable[[], None]] = {
        "good": lambda: fallback.post_invocation_result("good", b"42", "application/json"),
        "bad": lambda: fallback.post_error("bad", '{"errorType": "X"}', '{"stack":\n []}'),
    }
    expected = {
        "good": Outcome(b"42"),
        "bad": Outcome(b'{"errorType": "X"}', is_error=True, status="error"),
    }
    for request_id, post in give.items():
        future = api.invoke(invocation(request_id, b"event"))
        body, headers = fallback.next()
        assert body == b"event"
        assert headers["Lambda-Runtime-Aws-Request-Id"] == request_id
        post()
        assert future.result(SECONDS) == expected[request_id]


def test_the_fallback_client_fails_when_its_response_is_refused(fallback: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="400"):
        fallback.post_invocation_result("unknown", b"1", "application/json")


def test_a_process_that_is_killed_in_the_middle_of_a_request_prints_nothing(
    api: RuntimeApi, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(
        api._server, "shutdown_request", lambda request: (request.close(), ended.set())
    )
    host, _, port = api.address.partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\n")
        # The end of a killed process's connection: a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ended.wait(SECONDS)
    assert "Exception" not in capfd.readouterr().err
