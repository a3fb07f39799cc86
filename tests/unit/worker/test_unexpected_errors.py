"""Whatever is raised at whatever stage, the lease, the holding and the task protection end."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from discord_diffusion.discord.errors import RequestRefusedError
from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.jobs.job import MAX_TOKEN_LENGTH, Job, read_header
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.worker import deliver
from discord_diffusion.worker.errors import GenerationError
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Gate, Harness


class UnknownEndError(BaseException):
    """No `Exception`, as what a library raises to end a thread."""


ERRORS = (RuntimeError, MemoryError, RecursionError, httpx.InvalidURL, UnknownEndError)


def fail_at(harness: Harness, stage: str, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    """Let a stage raise the error once."""
    owner, name = {
        "parse": (harness.generator, "batch_key"),
        "hold": (harness.worker.held_jobs, "mark_ready"),
        "begin": (harness.table, "begin"),
        "announce": (harness.worker._drawer.pace, "expected"),
        "draw": (harness.generator, "generate"),
        "learn": (harness.worker._drawer.pace, "learn"),
        "encode": (deliver, "compose"),
        "upload": (harness.publisher, "upload"),
        "finish": (harness.table, "finish"),
        "delete": (harness.queue, "delete"),
        "count": (harness.worker._telemetry, "answered"),
    }[stage]
    right: Callable[..., Any] = getattr(owner, name)
    left = [error]

    def raise_once(*values: Any, **named: Any) -> Any:
        if left:
            raise left.pop()("an error")
        return right(*values, **named)

    monkeypatch.setattr(owner, name, raise_once)


def nothing_is_held(harness: Harness) -> bool:
    leases = [thread for thread in threading.enumerate() if thread.name == "lease"]
    return not (harness.worker.held_jobs.all() or leases or harness.worker._protection._held)


STAGES = (
    *("parse", "hold", "begin", "announce", "draw", "learn", "encode", "upload"),
    *("finish", "delete", "count"),
)
DRAWING = ("announce", "draw", "learn")


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("stage", STAGES)
def test_an_error_ends_the_lease_and_the_holding_of_its_job_and_the_next_job_is_drawn(
    harness: Harness, stage: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(harness, stage, monkeypatch, error)
    harness.give(make_message(make_job().to_json()))
    if error is UnknownEndError and stage in (*DRAWING, "parse"):
        # The thread that draws or receives ends, and with it the process, which gives all back.
        harness.thread.join(60)
        assert [type(one) for one in harness.errors] == [UnknownEndError]
        harness.worker.give_back()
        wait_until(lambda: nothing_is_held(harness))
        return
    harness.settle()
    wait_until(lambda: nothing_is_held(harness))
    job = make_job()
    harness.run(job)
    assert job.id in harness.publisher.answered
    assert harness.errors == []
    wait_until(lambda: nothing_is_held(harness))


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", ["message_state", "apologise"])
def test_an_error_while_a_failed_job_ends_does_not_keep_it(
    harness: Harness, call: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: Any, **_named: Any) -> None:
        raise error("an error")

    harness.generator.error = GenerationError("broken")
    monkeypatch.setattr(harness.publisher, call, fail)
    harness.run(make_job(), receive_count=MAX_RECEIVES)
    wait_until(lambda: nothing_is_held(harness))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_while_a_job_is_given_back_does_not_keep_it(
    harness: Harness, gate: Gate, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: Any, **_named: Any) -> None:
        raise error("an error")

    harness.generator.during = gate
    harness.give(make_message(make_job().to_json(), receive_count=MAX_RECEIVES))
    assert gate.reached.wait(60)
    monkeypatch.setattr(harness.publisher, "message_state", fail)
    monkeypatch.setattr(harness.queue, "release", fail)
    harness.worker.give_back()
    wait_until(lambda: nothing_is_held(harness))


def test_an_error_while_progress_is_shown_does_not_change_the_answer(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: Any, **_named: Any) -> None:
        raise httpx.InvalidURL("an error")

    monkeypatch.setattr(harness.publisher, "show_progress", fail)
    job = make_job()
    harness.run(job)
    assert job.id in harness.publisher.answered


def test_a_token_that_makes_no_address_is_refused_and_is_no_job() -> None:
    client = WebhookClient(
        "https://discord.test", transport=httpx.MockTransport(lambda _: httpx.Response(200))
    )
    with pytest.raises(RequestRefusedError, match="InvalidURL"):
        client.get_original_response("1", "a" * 100_000)
    job = make_job()
    for length, is_read in ((MAX_TOKEN_LENGTH, True), (MAX_TOKEN_LENGTH + 1, False)):
        body = job.to_json().replace(job.token, "a" * length)
        assert bool(read_header(body)) is is_read
        if is_read:
            assert Job.from_json(body).token == "a" * length
            continue
        with pytest.raises(InvalidJobError, match="token is longer than 2000 characters") as raised:
            Job.from_json(body)
        assert "aaa" not in str(raised.value)
