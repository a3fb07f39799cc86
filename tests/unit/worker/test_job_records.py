"""Job records: what the worker reads there before it draws, and writes there at the end."""

import pytest

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker.errors import (
    GenerationError,
    PicturesTooLargeError,
)
from tests.unit.worker.fakes import make_job
from tests.unit.worker.worker_harness import Harness


@pytest.mark.parametrize("status", [JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED])
def test_a_job_whose_record_has_ended_is_deleted_undrawn_without_an_apology(
    harness: Harness, status: JobStatus
) -> None:
    job = make_job()
    harness.table.statuses[job.id] = status
    message = harness.run(job)
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.generator.drawn == []
    assert not harness.publisher.apologies
    assert not harness.publisher.sent
    assert harness.table.statuses[job.id] is status


def test_a_duplicate_of_an_answered_job_that_was_being_drawn_is_not_drawn(
    harness: Harness,
) -> None:
    job = make_job()
    harness.table.statuses[job.id] = JobStatus.DRAWING
    harness.publisher.answered.add(job.id)
    message = harness.run(job)
    assert harness.generator.drawn == []
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.table.statuses[job.id] is JobStatus.ANSWERED


def test_a_job_whose_record_failed_is_not_drawn_again_and_has_one_apology(harness: Harness) -> None:
    job = make_job()
    harness.table.statuses[job.id] = JobStatus.FAILED
    harness.publisher.apologies.append((job.id, "an apology"))
    message = harness.run(job)
    assert harness.generator.drawn == []
    assert len(harness.publisher.apologies) == 1
    assert harness.queue.released == [(message.receipt_handle, 0)]


def test_the_record_of_an_answered_job_holds_what_was_shown_and_charged(harness: Harness) -> None:
    harness.generator.filtered = 1
    job = make_job(images=3)
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.ANSWERED
    assert harness.table.details[job.id] == {
        "pictures": 2,
        "filtered": 1,
        "charged_pictures": 3,
        "message": "5",
    }


def test_the_record_of_a_failed_job_holds_the_reason(harness: Harness) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.FAILED
    assert harness.table.details[job.id] == {"reason": "failed.too_large", "charged_pictures": 0}


def test_the_record_of_a_job_that_is_retried_has_not_ended(harness: Harness) -> None:
    harness.generator.error = GenerationError("x")
    job = make_job()
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.DRAWING


def test_a_table_that_does_not_answer_stops_no_job(harness: Harness) -> None:
    harness.table.error = StoreError("ConnectTimeoutError")
    job = make_job()
    message = harness.run(job)
    assert len(harness.publisher.sent) == 1
    assert harness.queue.released == [(message.receipt_handle, 5)], "its end is not recorded"
    harness.table.error = None
    again = harness.run(job, receive_count=2)
    assert len(harness.publisher.sent) == 1
    assert harness.table.statuses[job.id] is JobStatus.ANSWERED
    assert harness.queue.deleted == [again.receipt_handle]


@pytest.mark.parametrize(
    ("status", "reads"),
    [
        (JobStatus.CANCELLED, "Cancelled. Nothing was charged"),
        (JobStatus.REFUSED, "Nothing was charged"),
    ],
)
def test_a_job_that_had_ended_while_the_table_did_not_answer_gives_no_pictures(
    harness: Harness, status: JobStatus, reads: str
) -> None:
    """Its user is not charged, and has read so before the progress."""
    job = make_job()
    harness.table.statuses[job.id], harness.table.error = status, StoreError("Throttling")

    def answer_again() -> None:
        harness.table.error = None

    harness.generator.during = answer_again
    message = harness.run(job)
    assert harness.publisher.sent == []
    ((_, apology),) = harness.publisher.apologies
    assert reads in apology
    assert harness.table.statuses[job.id] is status
    assert harness.queue.deleted == [message.receipt_handle]
