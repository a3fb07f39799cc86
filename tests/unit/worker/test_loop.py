"""Receiving, drawing and delivering side by side, stopping, and the health file."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.worker.held_jobs import Stage
from discord_diffusion.worker.watchdog import HealthFile
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


class Gate:
    """Holds up whoever calls it until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def test_jobs_are_drawn_in_the_order_they_come(harness: Harness) -> None:
    jobs = [make_job(images=4, seed=number) for number in range(3)]
    harness.give(*(make_message(job.to_json()) for job in jobs))
    harness.settle()
    assert [one.seed for one in harness.generator.drawn] == [0, 1, 2]
    assert len(harness.publisher.sent) == 3


def test_the_next_job_is_drawn_while_the_last_one_is_uploaded(harness: Harness, gate: Gate) -> None:
    first, second = make_job(images=4), make_job(images=4, seed=8)
    uploads = iter([True, False])
    harness.publisher.during_upload = lambda: gate() if next(uploads) else None
    harness.give(make_message(first.to_json()), make_message(second.to_json()))
    wait_until(lambda: harness.publisher.answered == {second.id})
    assert gate.reached.is_set()
    gate.open()
    wait_until(lambda: harness.publisher.answered == {first.id, second.id})


def test_jobs_that_agree_are_drawn_together_as_many_as_fit(harness: Harness, gate: Gate) -> None:
    harness.generator.pictures_at_once = 8
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(5)
    harness.generator.during = lambda: None
    harness.give(*(make_message(make_job(images=2).to_json()) for _ in range(5)))
    gate.open()
    harness.settle()
    assert [len(batch) for batch in harness.generator.batches] == [1, 4, 1]


def test_jobs_that_differ_are_drawn_apart_and_none_waits_for_ever(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.pictures_at_once = 8
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(5)
    harness.generator.during = lambda: None
    harness.give(*(make_message(make_job(images=1, steps=n).to_json()) for n in (2, 3, 2, 3)))
    gate.open()
    harness.settle()
    assert len(harness.publisher.sent) == 5
    assert all(
        len({one.parameters.steps for one in batch}) == 1 for batch in harness.generator.batches
    )


def test_while_a_batch_is_drawn_nothing_is_fetched_before_its_end_is_near(
    harness: Harness,
) -> None:
    waiting: list[int] = []
    harness.give(*(make_message(make_job(images=4).to_json()) for _ in range(3)))
    harness.generator.during = lambda: waiting.append(len(harness.queue.waiting))
    harness.settle()
    assert waiting[0] == 2, "of the first batch it is not known how long it takes"


def test_one_failed_job_of_a_batch_costs_the_others_nothing(harness: Harness, gate: Gate) -> None:
    harness.generator.pictures_at_once = 8
    jobs = [make_job(images=2), make_job(images=2)]
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(5)
    handles = [make_message(job.to_json()) for job in jobs]
    harness.give(*handles)
    gate.open()

    def lose_one() -> None:
        harness.worker.held_jobs.all(Stage.DRAWING)[0].given_back = True

    harness.generator.during = lose_one
    harness.settle()
    assert [answer.job for answer in harness.publisher.sent][1:] == jobs[1:]
    assert handles[0].receipt_handle not in harness.queue.deleted


def test_a_queue_that_does_not_answer_is_asked_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.receive._FIRST_PAUSE_SECONDS", 0.001)
    harness.queue.failures += [QueueError("ServiceUnavailable")] * 3
    harness.give(make_message(make_job().to_json()))
    harness.settle()
    assert len(harness.publisher.sent) == 1


def test_a_bad_message_does_not_stop_the_loop(harness: Harness) -> None:
    harness.give(make_message("not JSON"), make_message(make_job().to_json()))
    harness.settle()
    assert len(harness.publisher.sent) == 1


def test_a_stopping_worker_finishes_what_it_draws_and_gives_back_what_it_has_not_begun(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.during = gate
    begun, ready = (make_message(make_job(images=4).to_json()) for _ in range(2))
    harness.give(begun)
    assert gate.reached.wait(5)
    harness.worker.held_jobs.expect_drawing_for(0.1)  # its end is near: the next one is fetched
    harness.give(ready)
    wait_until(lambda: harness.worker.held_jobs.all(Stage.READY))
    harness.worker.stop()
    gate.open()
    harness.thread.join(10)
    assert harness.queue.deleted == [begun.receipt_handle]
    assert harness.queue.released == [(ready.receipt_handle, 0)]
    assert len(harness.generator.drawn) == 1


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_batch_that_cannot_end_in_time_is_given_back_at_once_but_on_its_last_receive(
    harness: Harness, gate: Gate, receive_count: int
) -> None:
    harness.generator.during = gate
    message = make_message(make_job().to_json(), receive_count)
    harness.give(message)
    assert gate.reached.wait(5)
    harness.worker.held_jobs.expect_drawing_for(120)
    harness.worker.stop()
    if receive_count == 1:
        wait_until(lambda: harness.queue.released == [(message.receipt_handle, 0)])
    gate.open()
    harness.thread.join(10)
    assert len(harness.publisher.sent) == (receive_count == MAX_RECEIVES)


def test_an_upload_that_does_not_end_in_time_is_given_back_a_little_later(
    harness: Harness, gate: Gate
) -> None:
    harness.publisher.during_upload = gate
    message = make_message(make_job().to_json())
    harness.give(message)
    assert gate.reached.wait(5)
    harness.worker.stop()
    harness.worker.give_back()
    assert harness.queue.released == [(message.receipt_handle, 10)]


def test_a_receiving_thread_that_dies_ends_the_loop_with_its_error(harness: Harness) -> None:
    harness.queue.failures.append(ZeroDivisionError())  # type: ignore[arg-type]  # a bug of ours
    wait_until(lambda: not harness.thread.is_alive())
    assert [type(error) for error in harness.errors] == [ZeroDivisionError]


def test_the_worker_says_every_second_what_it_does(harness: Harness, gate: Gate) -> None:
    wait_until(lambda: "polling" in harness.health.states)
    harness.generator.during = gate
    harness.give(make_message(make_job().to_json()))
    wait_until(lambda: "working" in harness.health.states)


def test_a_pipeline_that_stands_still_gives_its_jobs_back_and_ends_the_process(
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


def test_the_health_file_holds_the_state_and_appears_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "health"
    health = HealthFile(path)
    assert not path.exists()
    for state in ("polling", "working", "polling"):
        health.write(state)
        assert path.read_text() == f"{state}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_health_file_is_rewritten_only_now_and_then(tmp_path: Path) -> None:
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


def test_a_health_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    HealthFile(tmp_path / "missing" / "health").write("polling")
    HealthFile(None).write("polling")
