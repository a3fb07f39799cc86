"""The watchdog: overdue jobs, a hung pipeline, and the health file."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from discord_diffusion.texts.answers import FAILURE_MARK
from discord_diffusion.worker.pace import TOKEN_MARGIN
from discord_diffusion.worker.watchdog import HealthFile
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import Gate, Harness


def hang_until(harness: Harness, seconds: float, expected: Callable[[], object]) -> None:
    """Run a job whose pipeline stands still until `expected`, with so much time left."""
    harness.generator.during = lambda: wait_until(expected)
    age = timedelta(minutes=15) - TOKEN_MARGIN - timedelta(seconds=seconds)
    harness.run(make_job(age=age))


def test_a_job_that_hangs_leads_to_an_apology_in_time_and_ends_the_process(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.watchdog.OVERDUE_SECONDS", 0.05)
    hang_until(harness, 2.0, lambda: harness.hung)
    [(_, text)] = harness.publisher.apologies
    assert text.startswith(FAILURE_MARK)
    assert harness.publisher.sent == []


def test_a_job_that_is_only_slow_ends_without_ending_the_process(harness: Harness) -> None:
    hang_until(harness, 2.0, lambda: harness.publisher.apologies)
    assert len(harness.publisher.apologies) == 1
    assert len(harness.queue.released) == 1
    assert harness.hung == []
    assert harness.publisher.sent == []


def test_the_jobs_of_a_hung_pipeline_are_given_back_and_the_process_ends(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.watchdog.HUNG_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("discord_diffusion.worker.watchdog._CHECK_SECONDS", 0.01)
    with Harness() as harness:
        harness.generator.during = gate
        message = make_message(make_job().to_json())
        harness.give(message)
        wait_until(lambda: harness.hung)
        assert harness.queue.released == [(message.receipt_handle, 0)]
        gate.open()
    assert harness.publisher.sent == []


def test_the_health_state_is_written_while_polling_and_working(
    harness: Harness, gate: Gate
) -> None:
    wait_until(lambda: "polling" in harness.health.states)
    harness.generator.during = gate
    harness.give(make_message(make_job().to_json()))
    wait_until(lambda: "working" in harness.health.states)


def test_the_health_file_holds_the_state_and_appears_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "health"
    health = HealthFile(path)
    assert not path.exists()
    for state in ("polling", "working", "polling"):
        health.write(state)
        assert path.read_text() == f"{state}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_health_file_is_rewritten_once_a_second_at_most(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "health"
    health = HealthFile(path, lambda: now[0])
    health.write("working")
    path.unlink()
    health.write("working")
    assert not path.exists()
    now[0] = 1.5
    health.write("working")
    assert path.exists()


def test_a_health_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    HealthFile(tmp_path / "missing" / "health").write("polling")
    HealthFile(None).write("polling")
