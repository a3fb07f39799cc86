"""A worker that stops: jobs are finished in time or given back."""

import pytest

from discord_diffusion.worker.held_jobs import Stage
from discord_diffusion.worker.outcomes import HURRY_SECONDS
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Gate, Harness


def test_a_stopping_worker_finishes_its_batch_and_gives_back_jobs_that_are_not_begun(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.during = gate
    begun, ready = (make_message(make_job(images=4).to_json()) for _ in range(2))
    harness.give(begun)
    assert gate.reached.wait(60)
    harness.worker.held_jobs.expect_drawing_for(0.1)  # its end is near: the next one is fetched
    harness.give(ready)
    wait_until(lambda: harness.worker.held_jobs.all(Stage.READY))
    harness.worker.stop()
    gate.open()
    harness.thread.join(60)
    assert harness.queue.deleted == [begun.receipt_handle]
    assert harness.queue.released == [(ready.receipt_handle, 0)]
    assert len(harness.generator.drawn) == 1


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_batch_that_cannot_end_in_time_is_given_back_at_once_except_on_its_last_receive(
    harness: Harness, gate: Gate, receive_count: int
) -> None:
    harness.generator.during = gate
    message = make_message(make_job().to_json(), receive_count)
    harness.give(message)
    assert gate.reached.wait(60)
    harness.worker.held_jobs.expect_drawing_for(120)
    harness.worker.stop()
    if receive_count == 1:
        wait_until(lambda: harness.queue.released == [(message.receipt_handle, 0)])
    gate.open()
    harness.thread.join(60)
    assert len(harness.publisher.sent) == (receive_count == MAX_RECEIVES)


def test_an_upload_that_does_not_end_in_time_is_given_back_with_a_delay(
    harness: Harness, gate: Gate
) -> None:
    harness.publisher.during_upload = gate
    message = make_message(make_job().to_json())
    harness.give(message)
    assert gate.reached.wait(60)
    harness.worker.stop()
    harness.worker.give_back()
    assert harness.queue.released == [(message.receipt_handle, 10)]


def test_a_job_whose_progress_is_still_under_way_to_discord_is_given_back_with_a_delay(
    harness: Harness, gate: Gate
) -> None:
    """It would overwrite the pictures of the worker that has the job next."""
    harness.publisher.during_progress = gate
    drawn = Gate()
    harness.generator.during = drawn
    message = make_message(make_job().to_json())
    harness.give(message)
    assert drawn.reached.wait(60)
    assert gate.reached.wait(60)
    harness.worker.give_back()
    assert harness.queue.released == [(message.receipt_handle, 10)]
    drawn.open()


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_given_back_on_its_last_receive_leads_to_an_apology(
    harness: Harness, receive_count: int
) -> None:
    harness.generator.during = harness.worker.give_back
    message = harness.run(make_job(), receive_count)
    assert len(harness.publisher.apologies) == (receive_count == MAX_RECEIVES)
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.publisher.sent == [], "what was given back is not drawn to its end"


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_received_while_stopping_is_given_back_with_an_apology_on_its_last_receive(
    harness: Harness, receive_count: int
) -> None:
    message = make_message(make_job().to_json(), receive_count)
    harness.stop()
    harness.worker._hold(message)  # of a poll that was open when the signal came
    assert len(harness.publisher.apologies) == (receive_count == MAX_RECEIVES)
    assert set(harness.publisher.timeouts) <= {HURRY_SECONDS}
    assert harness.queue.released == [(message.receipt_handle, 0)]


def test_a_job_that_is_being_drawn_can_be_given_back_once(harness: Harness) -> None:
    harness.generator.during = harness.worker.give_back
    message = harness.run(make_job())
    assert harness.queue.released[0] == (message.receipt_handle, 0)
    harness.worker.give_back()
    assert len(harness.queue.released) == 1, "nothing is running any more"
