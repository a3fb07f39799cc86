"""Jobs whose lease is lost while the worker has them: another worker answers them."""

import pytest

from discord_diffusion.discord.errors import (
    NotAnsweredYetError,
)
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker.held_jobs import Stage
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Gate, Harness


def lose_lease(harness: Harness) -> None:
    """Another worker has received the message: the next extension is refused."""
    harness.queue.lost = True
    [held] = harness.worker.held_jobs.all()
    held.lease._try_to_extend()
    assert held.lease.lost


def test_a_job_whose_lease_is_lost_is_left_to_the_worker_that_has_it() -> None:
    with Harness(visibility_seconds=0) as harness:
        harness.queue.lost = True
        harness.run(make_job())
        assert harness.publisher.sent == []
        assert harness.untouched()


def test_on_the_last_receive_a_lost_lease_does_not_leave_the_user_without_pictures() -> None:
    with Harness(visibility_seconds=0) as harness:
        harness.queue.lost = True
        harness.run(make_job(), receive_count=MAX_RECEIVES)
        assert len(harness.publisher.sent) == 1
        assert harness.queue.deleted == []


def test_a_worker_that_lost_its_lease_stops_drawing_and_shows_no_more_progress() -> None:
    steps: list[int] = []

    def lose() -> None:
        wait_until(lambda: harness.publisher.progress)
        lose_lease(harness)

    with Harness() as harness:
        harness.generator.during = lose
        harness.generator.after_step = steps.append
        harness.run(make_job(steps=50))
    assert steps == [], "it ends at the first step"
    assert len(harness.publisher.progress) == 1
    assert not harness.publisher.sent
    assert not harness.publisher.apologies
    assert harness.untouched()


def test_an_upload_is_stopped_before_its_end_when_the_lease_is_lost_meanwhile() -> None:
    with Harness() as harness:
        harness.publisher.during_upload = lambda: lose_lease(harness)
        harness.run(make_job())
    assert harness.publisher.sent == []
    assert harness.untouched()


def test_a_first_receive_that_was_seen_late_is_left_to_the_worker_that_has_begun_the_job() -> None:
    """The worker was frozen while it polled: until then another has received the message."""
    with Harness() as harness:
        job = make_job()
        harness.table.statuses[job.id] = JobStatus.DRAWING
        harness.queue.lost = True
        harness.run(job)
        assert harness.generator.drawn == []
        assert harness.untouched()


@pytest.mark.parametrize(
    ("status", "receive_count", "asks"),
    [
        (JobStatus.DRAWING, 1, 1),
        (JobStatus.QUEUED, 1, 0),
        (JobStatus.DRAWING, 2, 0),
    ],
)
def test_the_queue_is_asked_about_a_first_receive_of_a_job_that_was_begun_alone(
    harness: Harness, status: JobStatus, receive_count: int, asks: int
) -> None:
    job = make_job()
    harness.table.statuses[job.id] = status
    message = harness.run(job, receive_count)
    assert harness.queue.extended == [(message.receipt_handle, 60)] * asks
    assert len(harness.publisher.sent) == 1


def test_a_job_that_is_received_again_while_it_is_held_is_answered_once(
    harness: Harness,
) -> None:
    """The worker was frozen while it polled: the first message had expired when it was seen."""
    job = make_job()
    late, now = make_message(job.to_json()), make_message(job.to_json(), 2)
    harness.give(late, now)
    harness.settle()
    assert len(harness.publisher.sent) == 1
    assert harness.queue.deleted[-1:] == [now.receipt_handle]
    assert harness.publisher.apologies == []


def test_an_error_of_a_worker_that_was_frozen_does_not_end_a_job_that_another_has() -> None:
    with Harness() as harness:
        harness.publisher.during_upload = lambda: lose_lease(harness)
        harness.publisher.error = NotAnsweredYetError(404, 10015, "Unknown Webhook")
        job = make_job()
        harness.run(job)
        assert harness.untouched()
        assert harness.table.statuses[job.id] is JobStatus.DRAWING


def test_the_other_jobs_of_a_batch_are_drawn_after_one_job_is_given_back(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.pictures_at_once = 8
    jobs = [make_job(images=2), make_job(images=2)]
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(60)
    handles = [make_message(job.to_json()) for job in jobs]
    harness.give(*handles)

    def lose_one() -> None:
        harness.worker.held_jobs.all(Stage.DRAWING)[0].given_back = True

    harness.generator.during = lose_one
    gate.open()
    harness.settle()
    assert [answer.job for answer in harness.publisher.sent][1:] == jobs[1:]
    assert handles[0].receipt_handle not in harness.queue.deleted
