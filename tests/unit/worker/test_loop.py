"""Polling, stopping, and the health file."""

import threading
from pathlib import Path

import pytest

from discord_diffusion.aws.queue import QueueError
from discord_diffusion.worker.health import Health
from discord_diffusion.worker.job_runner import JobRunner, LeaseTerms
from discord_diffusion.worker.loop import Loop
from tests.unit.worker.fakes import (
    FakeGenerator,
    MemoryPublisher,
    MemoryQueue,
    make_job,
    make_message,
)


class Rig:
    """A loop that stops by itself when its queue is empty."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.queue = MemoryQueue(on_empty=self.stopping.set)
        self.publisher = MemoryPublisher()
        self.generator = FakeGenerator()
        self.beats: list[str] = []
        runner = JobRunner(self.queue, self.generator, self.publisher, LeaseTerms(60, 3))
        self.loop = Loop(self.queue, runner, self.stopping, self.beats.append)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_jobs_are_run_in_the_order_they_come(rig: Rig) -> None:
    jobs = [make_job() for _ in range(3)]
    rig.queue.waiting += [make_message(job.to_json()) for job in jobs]
    rig.loop.run()
    assert [answer.job for answer in rig.publisher.sent] == jobs
    assert rig.beats[0] == "polling"
    assert "working" in rig.beats


def test_a_queue_that_does_not_answer_is_asked_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.loop._FIRST_PAUSE_SECONDS", 0.001)
    rig.queue.failures += [QueueError("ServiceUnavailable")] * 3
    rig.queue.waiting.append(make_message(make_job().to_json()))
    rig.loop.run()
    assert len(rig.publisher.sent) == 1


def test_a_bad_message_does_not_stop_the_loop(rig: Rig) -> None:
    rig.queue.waiting += [make_message("not JSON"), make_message(make_job().to_json())]
    rig.loop.run()
    assert len(rig.publisher.sent) == 1


def test_a_job_that_arrives_while_stopping_goes_back_at_once(rig: Rig) -> None:
    first, second = (make_message(make_job().to_json()) for _ in range(2))
    rig.queue.waiting += [first, second]
    rig.generator.during = rig.stopping.set
    rig.loop.run()
    assert rig.queue.deleted == [first.receipt_handle], "the running job is finished"
    rig.loop._take(second)
    assert rig.queue.released == [(second.receipt_handle, 0)]


def test_the_health_file_holds_the_state_and_appears_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "health"
    health = Health(path)
    assert not path.exists()
    for state in ("polling", "working", "polling"):
        health.beat(state)
        assert path.read_text() == f"{state}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_health_file_is_rewritten_only_now_and_then(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "health"
    health = Health(path, lambda: now[0])
    health.beat("working")
    path.unlink()
    health.beat("working")
    assert not path.exists()
    now[0] = 1.5
    health.beat("working")
    assert path.exists()


def test_a_health_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    Health(tmp_path / "missing" / "health").beat("polling")
    Health(None).beat("polling")
