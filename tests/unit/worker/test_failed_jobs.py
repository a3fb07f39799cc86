"""Jobs that fail: what happens to the message, and what the user reads."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL.Image import Image

from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    NotAnsweredYetError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.texts.answers import FAILURE_MARK
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.errors import (
    DeviceLostError,
    GenerationError,
    OutOfMemoryError,
    PicturesTooLargeError,
)
from tests.unit.worker.fakes import TOKEN, MemoryPublisher, make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Harness


def test_a_job_whose_token_has_expired_is_deleted_undrawn_without_an_apology(
    harness: Harness,
) -> None:
    message = harness.run(make_job(age=timedelta(minutes=16)))
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.generator.drawn == []
    assert harness.publisher.apologies == []


def test_a_job_with_seconds_left_is_not_drawn_but_its_user_is_notified(harness: Harness) -> None:
    message = harness.run(make_job(age=timedelta(minutes=14, seconds=57)))
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.generator.drawn == []
    [(_, text)] = harness.publisher.apologies
    assert text.startswith(FAILURE_MARK)


def test_a_job_that_would_take_too_long_at_the_learned_pace_fails_undrawn(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.pace.Pace.least", lambda *_: 30.0)
    message = harness.run(make_job(age=timedelta(minutes=14, seconds=20)))
    assert harness.generator.drawn == []
    assert len(harness.publisher.apologies) == 1
    assert harness.queue.released == [(message.receipt_handle, 0)]
    harness.run(make_job(age=timedelta(minutes=14)))
    assert len(harness.publisher.sent) == 1, "a minute is enough for 45 s"


@pytest.mark.parametrize(
    "error", [GenerationError("x"), OutOfMemoryError("x"), RuntimeError("x"), MemoryError()]
)
def test_a_failed_job_is_retried_without_an_apology(harness: Harness, error: Exception) -> None:
    harness.generator.error = error
    message = harness.run(make_job(), receive_count=MAX_RECEIVES - 1)
    assert [handle for handle, _ in harness.queue.released] == [message.receipt_handle]
    assert harness.queue.deleted == []
    assert harness.publisher.apologies == []


def test_on_the_last_receive_the_user_is_notified_and_the_redrive_takes_the_message(
    harness: Harness,
) -> None:
    harness.generator.error = OutOfMemoryError("CUDA out of memory")
    job = make_job()
    message = harness.run(job, receive_count=MAX_RECEIVES)
    [(job_id, text)] = harness.publisher.apologies
    assert job_id == job.id
    assert text.startswith(FAILURE_MARK)
    assert "graphics memory" in text
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.queue.deleted == []


def test_an_apology_never_replaces_pictures_that_arrived_after_all(harness: Harness) -> None:
    job = make_job()
    harness.publisher.error = UnavailableError(502, None, "the answer to the upload was lost")
    harness.generator.during = lambda: harness.publisher.answered.add(job.id)
    harness.run(job, receive_count=MAX_RECEIVES + 0)
    assert harness.publisher.apologies == []


@pytest.mark.parametrize(
    "error",
    [
        InteractionGoneError(401, 50027, "Invalid Webhook Token"),
        InteractionGoneError(404, 10062, "Unknown interaction"),
        NotAnsweredYetError(404, 10015, "Unknown Webhook"),
    ],
)
def test_a_job_whose_message_is_gone_is_deleted_without_an_apology(
    harness: Harness, error: ApiError
) -> None:
    harness.publisher.error = error
    message = harness.run(make_job())
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.publisher.apologies == []


def test_pictures_that_are_too_large_lead_to_one_apology_and_are_drawn_once(
    harness: Harness,
) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    messages = [harness.run(job, receives + 1) for receives in range(MAX_RECEIVES)]
    assert len(harness.publisher.apologies) == 1
    assert len(harness.generator.drawn) == 1
    assert harness.queue.released == [(message.receipt_handle, 0) for message in messages]
    assert harness.queue.deleted == []


def test_an_apology_that_could_not_be_sent_is_sent_on_the_next_receive(
    harness: Harness,
) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    harness.publisher.apology_error = UnavailableError(503, None, "down")
    job = make_job()
    message = harness.run(job)
    assert harness.queue.released == [(message.receipt_handle, 10)]
    harness.publisher.apology_error = None
    harness.run(job, 2)
    assert [job_id for job_id, _ in harness.publisher.apologies] == [job.id]
    assert harness.queue.deleted == []


def test_an_unexpected_error_of_an_apology_does_not_stop_the_worker(harness: Harness) -> None:
    harness.generator.error = RuntimeError("bad job")
    harness.publisher.apology_error = ZeroDivisionError()
    harness.run(make_job(), MAX_RECEIVES)
    assert harness.untouched(), "its visibility timeout gives it to the redrive"


def test_a_failed_job_whose_user_cannot_be_notified_is_deleted(harness: Harness) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    harness.publisher.apology_error = InteractionGoneError(404, 10008, "Unknown Message")
    message = harness.run(make_job())
    assert harness.queue.deleted == [message.receipt_handle]


def test_after_a_failed_job_the_next_one_is_answered(harness: Harness) -> None:
    harness.generator.error = RuntimeError("bad job")
    harness.run(make_job())
    harness.generator.error = None
    harness.run(make_job())
    assert len(harness.publisher.sent) == 1


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"https://discord.com/api/webhooks/1/{TOKEN}"),
        RequestRefusedError(400, 50035, "Invalid Form Body"),
    ],
)
def test_the_log_of_a_failure_names_the_error_and_never_holds_the_token(
    harness: Harness, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.DEBUG)
    harness.publisher.error = error
    harness.run(make_job())
    record = next(record for record in caplog.records if record.message == "The job failed")
    assert vars(record)["error"] == type(error).__name__
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)


def body_of(job: Job, **changes: object) -> str:
    return json.dumps(json.loads(job.to_json()) | changes)


@pytest.mark.parametrize("body", ["not JSON", "{}", "null", '{"schema_version": 0}'])
def test_a_message_that_is_no_job_is_released_at_once_and_never_deleted(
    harness: Harness, body: str
) -> None:
    message = make_message(body)
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.queue.deleted == []
    assert harness.generator.drawn == []


def test_a_job_of_a_later_schema_waits_for_a_later_worker(harness: Harness) -> None:
    message = make_message(body_of(make_job(), schema_version=4))
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    assert harness.queue.released == [(message.receipt_handle, 60)]
    assert harness.publisher.apologies == []


@pytest.mark.parametrize("changes", [{"schema_version": 4}, {"mood": "calm"}, {"nsfw": 1}])
def test_the_user_of_an_unreadable_message_is_notified_on_its_last_receive(
    harness: Harness, changes: dict[str, object]
) -> None:
    job = make_job()
    message = make_message(body_of(job, **changes), MAX_RECEIVES)
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    [(job_id, text)] = harness.publisher.apologies
    assert job_id == job.id
    assert text.startswith(FAILURE_MARK)
    assert harness.queue.released == [(message.receipt_handle, 0)]


@pytest.mark.parametrize(
    "changes", [{"token": ""}, {"token": None}, {"id": "../x"}, {"application_id": 7}]
)
def test_an_unreadable_message_without_a_user_is_released_without_an_apology(
    harness: Harness, changes: dict[str, object]
) -> None:
    harness.give(make_message(body_of(make_job(), **changes), MAX_RECEIVES))
    wait_until(lambda: harness.queue.released)
    assert harness.publisher.apologies == []
    assert len(harness.queue.released) == 1


def test_a_worker_whose_device_is_lost_ends_and_holds_its_jobs_to_give_them_back() -> None:
    """Every job that it drew on would fail: another worker draws them, and nobody is refused."""
    harness = Harness()
    harness.generator.during = raising(DeviceLostError("cuda: AcceleratorError"))
    with harness:
        messages = [make_message(make_job().to_json()) for _ in range(2)]
        harness.give(*messages)
        harness.thread.join(60)
        assert not harness.thread.is_alive()
        harness.worker.give_back()
    assert [type(error) for error in harness.errors] == [DeviceLostError]
    assert len(harness.generator.batches) == 1
    released = {receipt_handle for receipt_handle, _delay in harness.queue.released}
    received = {message.receipt_handle for message in messages} - {
        message.receipt_handle for message in harness.queue.waiting
    }
    assert released == received
    assert harness.queue.deleted == []
    assert harness.publisher.apologies == []
    assert harness.publisher.sent == []


class DeletableMessage(MemoryPublisher):
    """A publisher whose message a user may delete."""

    deleted = False

    def show_progress(self, job: Job, status: str, sketch: Image | None = None) -> None:
        if self.deleted:
            raise InteractionGoneError(404, 10008, "Unknown Message")
        super().show_progress(job, status, sketch)


@pytest.mark.parametrize(("step_of_deletion", "charged"), [(1, 1), (5, 3), (7, 4)])
def test_the_drawing_of_a_deleted_message_stops_and_what_was_drawn_is_charged(
    step_of_deletion: int, charged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.progress.INTERVAL_SECONDS", 0.0)
    publisher = DeletableMessage()
    harness = Harness(publisher=publisher)
    steps: list[int] = []

    def after_step(step: int) -> None:
        steps.append(step)
        if step == step_of_deletion:
            publisher.deleted = True
            wait_until(lambda: harness.worker.held_jobs.all()[0].progress.deleted)

    harness.generator.after_step = after_step
    job = make_job(steps=10, images=4)
    with harness:
        message = harness.run(job)
    assert steps[-1] == step_of_deletion
    assert harness.table.statuses[job.id] is JobStatus.CANCELLED
    assert harness.table.details[job.id] == {"reason": "gone", "charged_pictures": charged}
    assert harness.queue.deleted == [message.receipt_handle]
    assert publisher.sent == []


@pytest.mark.parametrize(("step_of_stop", "charged"), [(1, 1), (5, 3)])
def test_a_job_that_a_moderator_stops_ends_at_the_next_step_and_its_message_says_so(
    step_of_stop: int, charged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.progress.INTERVAL_SECONDS", 0.0)
    harness = Harness()
    steps: list[int] = []
    job = make_job(steps=10, images=4)

    def after_step(step: int) -> None:
        steps.append(step)
        if step == step_of_stop:
            harness.table.stopped.add(job.id)
            held = harness.worker.held_jobs.all()[0]
            held.progress.report("once more")
            wait_until(lambda: held.progress.forbidden)

    harness.generator.after_step = after_step
    with harness:
        message = harness.run(job)
    assert steps[-1] == step_of_stop
    assert harness.table.statuses[job.id] is JobStatus.CANCELLED
    reason = "failed.stopped_drawing"
    assert harness.table.details[job.id] == {"reason": reason, "charged_pictures": charged}
    [(_, apology)] = harness.publisher.apologies
    assert say(job.locale, reason) in apology
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.publisher.sent == []


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail
