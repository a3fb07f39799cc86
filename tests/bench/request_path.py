"""Signed requests through API Gateway, Lambda, DynamoDB and SQS, all of the emulator."""

import itertools
import json
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from fixtures.discord.signing import encode, interaction, sign

_EPOCH_MS = 1_420_070_400_000
_SEQUENCE = itertools.count()
_CHANNEL_MESSAGE, _AUTOCOMPLETE_RESULT, _MODAL = 4, 8, 9
_EPHEMERAL = 64
Payload = dict[str, Any]


@dataclass(frozen=True)
class Load:
    """What one number of clients saw of one kind of interaction; times in milliseconds.

    An answer other than the one that is expected is an error: a refusal is quicker than a job.
    """

    what: str
    clients: int
    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def _snowflake() -> str:
    return str(((int(time.time() * 1000) - _EPOCH_MS) << 22) | next(_SEQUENCE) % (1 << 22))


def _payload(**changes: Any) -> Payload:
    """A new interaction of somebody who has never asked: limits must not be what is measured."""
    base = interaction("command_guild")
    member = base["member"] | {"user": base["member"]["user"] | {"id": _snowflake()}}
    return base | {"id": _snowflake(), "token": "bench", "member": member} | changes


def imagine() -> Payload:
    """`/imagine`."""
    return _payload()


def autocomplete() -> Payload:
    """`model`, of which a letter is typed."""
    option = {"name": "model", "type": 3, "value": "s", "focused": True}
    return _payload(type=4, data={"id": "1", "name": "imagine", "type": 1, "options": [option]})


def quota() -> Payload:
    """`/quota`."""
    return _payload(data={"id": "1", "name": "quota", "type": 1})


def edit_button(job_id: str) -> Payload:
    """The button that opens the form."""
    return _payload(type=3, data={"custom_id": f"edit:{job_id}:0", "component_type": 2})


def filled_form(job_id: str) -> Payload:
    """The form, sent with another prompt."""
    text = {"type": 4, "custom_id": "prompt", "value": "a blue star"}
    row = {"type": 1, "components": [text]}
    return _payload(type=5, data={"custom_id": f"edit:{job_id}:0", "components": [row]})


def kinds(job_id: str) -> dict[str, Callable[[], Payload]]:
    """Everything that is measured, by name; `job_id` is a job that the table knows."""
    return {
        "/imagine": imagine,
        "autocomplete": autocomplete,
        "/quota": quota,
        "button: form": lambda: edit_button(job_id),
        "form: job": lambda: filled_form(job_id),
    }


_EXPECTED = {
    "/imagine": _CHANNEL_MESSAGE,
    "autocomplete": _AUTOCOMPLETE_RESULT,
    "/quota": _CHANNEL_MESSAGE,
    "button: form": _MODAL,
    "form: job": _CHANNEL_MESSAGE,
}


def a_job(url: str) -> str:
    """The id of a job that is accepted now."""
    payload = imagine()
    body = encode(payload)
    httpx.post(url, content=body, headers=sign(body), timeout=30).raise_for_status()
    return str(payload["id"])


def measure(url: str, what: str, make: Callable[[], Payload], clients: int, seconds: float) -> Load:
    """Send as many requests as `clients` can, each waiting for its answer, for `seconds`."""
    until = time.monotonic() + seconds
    times: list[float] = []
    errors = 0
    lock = threading.Lock()

    def client() -> None:
        nonlocal errors
        http = httpx.Client(timeout=30, trust_env=False)
        while time.monotonic() < until:
            body = encode(make())
            headers = sign(body)
            started = time.perf_counter()
            answer = http.post(url, content=body, headers=headers)
            took = time.perf_counter() - started
            with lock:
                times.append(took * 1000)
                errors += not _is_expected(what, answer)

    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        for running in [pool.submit(client) for _ in range(clients)]:
            running.result()
    elapsed = time.monotonic() - started
    return Load(
        what=what,
        clients=clients,
        requests=len(times),
        requests_per_second=round(len(times) / elapsed, 1),
        p50_ms=round(statistics.median(times), 1),
        p99_ms=round(statistics.quantiles(times, n=100)[98], 1),
        errors=errors,
    )


def _is_expected(what: str, answer: httpx.Response) -> bool:
    if answer.status_code != httpx.codes.OK:
        return False
    content = json.loads(answer.content)
    refused = content.get("data", {}).get("flags") == _EPHEMERAL and what != "/quota"
    return content.get("type") == _EXPECTED[what] and not refused
