"""Measures signed requests through the emulator's API Gateway, Lambda, DynamoDB and SQS."""

import itertools
import json
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import psutil

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus
from emulation.rig.emulator_client import client_options
from emulation.rig.state import EMULATOR, StackState
from fixtures.discord.signing import encode, interaction, sign

_EPOCH_MS = 1_420_070_400_000
_SEQUENCE = itertools.count()
_CHANNEL_MESSAGE, _AUTOCOMPLETE_RESULT, _MODAL = 4, 8, 9
_EPHEMERAL = 64
_CANCELS_AT_ONCE = 4
_MANY = 100_000
Payload = dict[str, Any]


@dataclass(frozen=True)
class Measurement:
    """Response times of one kind of interaction for a number of clients, in milliseconds.

    An unexpected answer is an error: a refusal is quicker than a job.
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
    """A new interaction of a new user, so that no quota refuses it."""
    base = interaction("command_guild")
    member = base["member"] | {"user": base["member"]["user"] | {"id": _snowflake()}}
    return base | {"id": _snowflake(), "token": "bench", "member": member} | changes


def imagine() -> Payload:
    """The command `/imagine`."""
    return _payload()


def autocomplete() -> Payload:
    """An autocomplete interaction: one letter of the option `model` is typed."""
    option = {"name": "model", "type": 3, "value": "s", "focused": True}
    return _payload(type=4, data={"id": "1", "name": "imagine", "type": 1, "options": [option]})


def quota() -> Payload:
    """The command `/quota`."""
    return _payload(data={"id": "1", "name": "quota", "type": 1})


def edit_button(job_id: str) -> Payload:
    """A click on the button that opens the modal."""
    return _payload(type=3, data={"custom_id": f"edit:{job_id}:0", "component_type": 2})


def submitted_modal(job_id: str) -> Payload:
    """The modal, submitted with another prompt."""
    text = {"type": 4, "custom_id": "prompt", "value": "a blue star"}
    row = {"type": 18, "component": text}
    return _payload(type=5, data={"custom_id": f"edit:{job_id}:0", "components": [row]})


def interaction_kinds(job_id: str) -> dict[str, Callable[[], Payload]]:
    """Makers of payloads by kind of interaction; `job_id` is that of a job with a record."""
    return {
        "/imagine": imagine,
        "autocomplete": autocomplete,
        "/quota": quota,
        "button: form": lambda: edit_button(job_id),
        "form: job": lambda: submitted_modal(job_id),
    }


_EXPECTED = {
    "/imagine": _CHANNEL_MESSAGE,
    "autocomplete": _AUTOCOMPLETE_RESULT,
    "/quota": _CHANNEL_MESSAGE,
    "button: form": _MODAL,
    "form: job": _CHANNEL_MESSAGE,
}


def accepted_job_id(url: str) -> str:
    """Send `/imagine` and return the id of its job."""
    payload = imagine()
    body = encode(payload)
    httpx.post(url, content=body, headers=sign(body), timeout=30).raise_for_status()
    return str(payload["id"])


def measure(
    url: str, kind: str, make_payload: Callable[[], Payload], clients: int, seconds: float
) -> Measurement:
    """Let each client send one request after another for `seconds`."""
    until = time.monotonic() + seconds
    times: list[float] = []
    errors = 0
    lock = threading.Lock()

    def client() -> None:
        nonlocal errors
        http = httpx.Client(timeout=30, trust_env=False)
        while time.monotonic() < until:
            body = encode(make_payload())
            headers = sign(body)
            started = time.perf_counter()
            answer = http.post(url, content=body, headers=headers)
            took = time.perf_counter() - started
            with lock:
                times.append(took * 1000)
                errors += not _is_expected(kind, answer)

    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        for running in [pool.submit(client) for _ in range(clients)]:
            running.result()
    elapsed = time.monotonic() - started
    return Measurement(
        what=kind,
        clients=clients,
        requests=len(times),
        requests_per_second=round(len(times) / elapsed, 1),
        p50_ms=round(statistics.median(times), 1),
        p99_ms=round(statistics.quantiles(times, n=100)[98], 1),
        errors=errors,
    )


@dataclass(frozen=True)
class ColdBurst:
    """Answers to the first requests of a stack, whose functions' processes start with them."""

    requests: int
    errors: int
    all_answered: float
    slowest: float


def cold_burst(url: str, requests: int = 60, clients: int = 12) -> ColdBurst:
    """Send `/imagine` from clients that begin together; times in seconds."""

    def send(_number: int) -> tuple[float, bool]:
        body = encode(imagine())
        started = time.perf_counter()
        answer = httpx.post(url, content=body, headers=sign(body), timeout=30, trust_env=False)
        return time.perf_counter() - started, _is_expected("/imagine", answer)

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        sent = list(pool.map(send, range(requests)))
    took = time.perf_counter() - started
    return ColdBurst(
        requests=requests,
        errors=sum(not is_expected for _, is_expected in sent),
        all_answered=round(took, 2),
        slowest=round(max(seconds for seconds, _ in sent), 2),
    )


@dataclass(frozen=True)
class ProcessorTime:
    """Processor time of the emulator, of which other programs on the machine change little."""

    process: psutil.Process

    @classmethod
    def of(cls, state: StackState) -> "ProcessorTime":
        """That of a stack."""
        (pid,) = (one.pid for one in state.processes if one.name == EMULATOR)
        return cls(psutil.Process(pid))

    def seconds(self) -> float:
        """Until now, without its child processes."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def per_request_ms(self, before: float, requests: int) -> float:
        """Of each request since `before`, with all that the emulator did besides."""
        return round((self.seconds() - before) / requests * 1000, 1)


def _is_expected(kind: str, answer: httpx.Response) -> bool:
    if answer.status_code != httpx.codes.OK:
        return False
    content = json.loads(answer.content)
    refused = content.get("data", {}).get("flags", 0) & _EPHEMERAL and kind != "/quota"
    return content.get("type") == _EXPECTED[kind] and not refused


def cancel_waiting_jobs(state: StackState) -> None:
    """End the jobs that a measurement has left, before the next one. No worker may run."""
    client = boto3.client("dynamodb", **client_options(state))
    store = JobStore(Table(state.jobs_table_name, client=client))
    boto3.client("sqs", **client_options(state)).purge_queue(QueueUrl=state.queue_url)

    def cancel(job_id: str) -> None:
        store.finish(job_id, JobStatus.CANCELLED, reason="measured")

    with ThreadPoolExecutor(_CANCELS_AT_ONCE) as pool:
        list(pool.map(cancel, [record.id for record in store.waiting(_MANY)]))
