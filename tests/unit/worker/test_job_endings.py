"""One message to its end: what is done, what is told, what becomes of the message."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from PIL import Image

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.discord.errors import (
    ApiError,
    ConnectionFailedError,
    InteractionGoneError,
    NotAnsweredYetError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.texts.answers import FAILURE_MARK
from discord_diffusion.worker.errors import (
    GenerationError,
    OutOfMemoryError,
    PicturesTooLargeError,
)
from discord_diffusion.worker.outcomes import HURRY_SECONDS
from discord_diffusion.worker.pace import TOKEN_MARGIN
from tests.unit.worker.fakes import TOKEN, make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


def test_an_answered_job_is_deleted_and_its_user_saw_progress(harness: Harness) -> None:
    harness.generator.during = lambda: wait_until(lambda: harness.publisher.progress)
    job = make_job()
    message = harness.run(job)
    assert [answer.job for answer in harness.publisher.sent] == [job]
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.publisher.progress[0][1].endswith("**Working on it…**")


def test_a_message_is_not_deleted_before_discord_has_the_pictures(harness: Harness) -> None:
    harness.publisher.error = UnavailableError(503, None, "down")
    message = harness.run(make_job())
    assert harness.queue.deleted == []
    assert harness.queue.released == [(message.receipt_handle, 10)]


def test_pictures_that_discord_could_not_take_are_sent_later_without_drawing_again(
    harness: Harness,
) -> None:
    harness.publisher.error = UnavailableError(503, None, "down")
    job, other = make_job(), make_job()
    harness.run(job)
    harness.publisher.error = None
    message = harness.run(job, 2)
    assert len(harness.generator.drawn) == 1
    assert [answer.job for answer in harness.publisher.sent] == [job]
    assert harness.queue.deleted == [message.receipt_handle]
    harness.run(other)
    assert [answer.job for answer in harness.publisher.sent] == [job, other]


@pytest.mark.parametrize("body", ["not JSON", "{}", "null", '{"schema_version": 0}'])
def test_a_bad_message_is_released_at_once_and_never_deleted(harness: Harness, body: str) -> None:
    message = make_message(body)
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.queue.deleted == []
    assert harness.generator.drawn == []


def test_an_expired_job_is_dropped_before_anything_is_drawn_or_told(harness: Harness) -> None:
    message = harness.run(make_job(age=timedelta(minutes=16)))
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.generator.drawn == []
    assert harness.publisher.apologies == []


def test_a_job_with_seconds_left_is_not_drawn_but_its_user_is_told(harness: Harness) -> None:
    message = harness.run(make_job(age=timedelta(minutes=14, seconds=57)))
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.generator.drawn == []
    [(_, text)] = harness.publisher.apologies
    assert text.startswith(FAILURE_MARK)


def test_a_job_that_was_answered_before_is_only_deleted(harness: Harness) -> None:
    job = make_job()
    harness.publisher.answered.add(job.id)
    message = harness.run(job, receive_count=2)
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.generator.drawn == []
    assert harness.publisher.sent == []


def test_a_job_that_was_received_before_but_not_answered_is_drawn(harness: Harness) -> None:
    harness.run(make_job(), receive_count=2)
    assert len(harness.publisher.sent) == 1


@pytest.mark.parametrize(
    "error", [GenerationError("x"), OutOfMemoryError("x"), RuntimeError("x"), MemoryError()]
)
def test_a_failed_job_is_tried_again_in_silence(harness: Harness, error: Exception) -> None:
    harness.generator.error = error
    message = harness.run(make_job(), receive_count=MAX_RECEIVES - 1)
    assert [handle for handle, _ in harness.queue.released] == [message.receipt_handle]
    assert harness.queue.deleted == []
    assert harness.publisher.apologies == []


def test_on_the_last_receive_the_user_is_told_and_the_redrive_takes_the_message(
    harness: Harness,
) -> None:
    harness.generator.error = OutOfMemoryError("CUDA out of memory")
    job = make_job()
    message = harness.run(job, receive_count=MAX_RECEIVES)
    [(told, text)] = harness.publisher.apologies
    assert told == job.id
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
def test_when_nobody_can_be_answered_any_more_the_job_ends(
    harness: Harness, error: ApiError
) -> None:
    harness.publisher.error = error
    message = harness.run(make_job())
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.publisher.apologies == []


def test_pictures_too_large_are_told_once_and_left_to_the_redrive_undrawn(
    harness: Harness,
) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    messages = [harness.run(job, receives + 1) for receives in range(MAX_RECEIVES)]
    assert len(harness.publisher.apologies) == 1
    assert len(harness.generator.drawn) == 1
    assert harness.queue.released == [(one.receipt_handle, 0) for one in messages]
    assert harness.queue.deleted == []


def test_a_failure_that_could_not_be_told_is_told_on_the_next_receive(
    harness: Harness,
) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    harness.publisher.apology_error = UnavailableError(503, None, "down")
    job = make_job()
    message = harness.run(job)
    assert harness.queue.released == [(message.receipt_handle, 10)]
    harness.publisher.apology_error = None
    harness.run(job, 2)
    assert [told for told, _ in harness.publisher.apologies] == [job.id]
    assert harness.queue.deleted == []


def test_an_error_that_nobody_foresaw_while_telling_stops_no_worker(harness: Harness) -> None:
    harness.generator.error = RuntimeError("bad job")
    harness.publisher.apology_error = ZeroDivisionError()
    harness.run(make_job(), MAX_RECEIVES)
    assert harness.untouched(), "its visibility timeout gives it to the redrive"


def test_a_failed_job_that_nobody_can_be_told_about_is_deleted(harness: Harness) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    harness.publisher.apology_error = InteractionGoneError(404, 10008, "Unknown Message")
    message = harness.run(make_job())
    assert harness.queue.deleted == [message.receipt_handle]


def test_a_job_that_others_took_too_long_for_is_refused_undrawn_and_told(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.pace.Pace.least", lambda *_: 30.0)
    message = harness.run(make_job(age=timedelta(minutes=14, seconds=20)))
    assert harness.generator.drawn == []
    assert len(harness.publisher.apologies) == 1
    assert harness.queue.released == [(message.receipt_handle, 0)]
    harness.run(make_job(age=timedelta(minutes=14)))
    assert len(harness.publisher.sent) == 1, "a minute is enough for 45 s"


def named(job: Job, **changes: object) -> str:
    return json.dumps(json.loads(job.to_json()) | changes)


def test_a_job_of_a_later_schema_waits_for_a_later_worker(harness: Harness) -> None:
    message = make_message(named(make_job(), schema_version=2))
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    assert harness.queue.released == [(message.receipt_handle, 60)]
    assert harness.publisher.apologies == []


@pytest.mark.parametrize("changes", [{"schema_version": 2}, {"mood": "calm"}, {"nsfw": 1}])
def test_whoever_an_unreadable_message_names_is_told_on_its_last_receive(
    harness: Harness, changes: dict[str, object]
) -> None:
    job = make_job()
    message = make_message(named(job, **changes), MAX_RECEIVES)
    harness.give(message)
    wait_until(lambda: harness.queue.released)
    [(told, text)] = harness.publisher.apologies
    assert told == job.id
    assert text.startswith(FAILURE_MARK)
    assert harness.queue.released == [(message.receipt_handle, 0)]


@pytest.mark.parametrize(
    "changes", [{"token": ""}, {"token": None}, {"id": "../x"}, {"application_id": 7}]
)
def test_an_unreadable_message_that_names_nobody_goes_its_way(
    harness: Harness, changes: dict[str, object]
) -> None:
    harness.give(make_message(named(make_job(), **changes), MAX_RECEIVES))
    wait_until(lambda: harness.queue.released)
    assert harness.publisher.apologies == []
    assert len(harness.queue.released) == 1


def test_a_last_try_announces_itself_before_it_can_kill_the_worker(harness: Harness) -> None:
    shown: list[str] = []
    harness.generator.during = lambda: shown.extend(text for _, text in harness.publisher.progress)
    job = make_job()
    harness.run(job, MAX_RECEIVES)
    assert shown
    by = f"<t:{int(job.expires_at.timestamp())}:t>"
    assert all("last try" in text and by in text for _, text in harness.publisher.progress)
    assert not shown[0].startswith(FAILURE_MARK)


def test_a_job_whose_lease_is_lost_is_left_to_whoever_has_it() -> None:
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


def test_a_worker_that_lost_its_lease_stops_drawing_and_says_no_more() -> None:
    steps: list[int] = []

    def lose() -> None:
        wait_until(lambda: harness.publisher.progress)
        harness.queue.lost = True
        wait_until(lambda: harness.worker.held_jobs.all()[0].lease.lost)

    with Harness(visibility_seconds=1) as harness:
        harness.generator.during = lose
        harness.generator.after_step = steps.append
        harness.run(make_job(steps=50))
    assert steps == [], "it ends at the first step"
    assert len(harness.publisher.progress) == 1
    assert not harness.publisher.sent
    assert not harness.publisher.apologies
    assert harness.untouched()


def test_an_upload_is_stopped_before_its_end_when_the_lease_is_lost_meanwhile() -> None:
    with Harness(visibility_seconds=1) as harness:

        def lose() -> None:
            harness.queue.lost = True
            wait_until(lambda: harness.worker.held_jobs.all()[0].lease.lost)

        harness.publisher.during_upload = lose
        harness.run(make_job())
    assert harness.publisher.sent == []
    assert harness.untouched()


def hang_until(harness: Harness, seconds: float, expected: Callable[[], object]) -> None:
    """Run a job whose pipeline stands still until `expected`, with so much time left."""
    harness.generator.during = lambda: wait_until(expected)
    age = timedelta(minutes=15) - TOKEN_MARGIN - timedelta(seconds=seconds)
    harness.run(make_job(age=age))


def test_a_job_that_hangs_is_told_in_time_and_ends_the_process(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.watchdog.OVERDUE_SECONDS", 0.05)
    hang_until(harness, 0.3, lambda: harness.hung)
    [(_, text)] = harness.publisher.apologies
    assert text.startswith(FAILURE_MARK)
    assert harness.publisher.sent == []


def test_a_job_that_is_only_slow_ends_without_ending_the_process(harness: Harness) -> None:
    hang_until(harness, 0.3, lambda: harness.publisher.apologies)
    assert len(harness.publisher.apologies) == 1
    assert len(harness.queue.released) == 1
    assert harness.hung == []
    assert harness.publisher.sent == []


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_given_back_on_its_last_receive_is_told(harness: Harness, receive_count: int) -> None:
    harness.generator.during = harness.worker.give_back
    message = harness.run(make_job(), receive_count)
    assert len(harness.publisher.apologies) == (receive_count == MAX_RECEIVES)
    assert harness.queue.released == [(message.receipt_handle, 0)]
    assert harness.publisher.sent == [], "what was given back is not drawn to its end"


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_declined_on_its_last_receive_is_told(harness: Harness, receive_count: int) -> None:
    message = make_message(make_job().to_json(), receive_count)
    harness.stop()
    harness.worker._hold(message)  # of a poll that was open when the signal came
    assert len(harness.publisher.apologies) == (receive_count == MAX_RECEIVES)
    assert set(harness.publisher.timeouts) <= {HURRY_SECONDS}
    assert harness.queue.released == [(message.receipt_handle, 0)]


def test_the_running_job_can_be_given_back_from_another_thread(harness: Harness) -> None:
    harness.generator.during = harness.worker.give_back
    message = harness.run(make_job())
    assert harness.queue.released[0] == (message.receipt_handle, 0)
    harness.worker.give_back()
    assert len(harness.queue.released) == 1, "nothing is running any more"


def test_a_progress_edit_that_may_overtake_the_answer_is_written_over(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(job: Job, content: str, sketch: object) -> None:
        harness.publisher.progress.append((job.id, content))
        raise ConnectionFailedError("ReadTimeout", timed_out=True)

    monkeypatch.setattr(harness.publisher, "show_progress", time_out)
    harness.generator.during = lambda: wait_until(lambda: harness.publisher.progress)
    message = harness.run(make_job())
    assert harness.publisher.repeated == [answer.content for answer in harness.publisher.sent]
    assert "**2 pictures**" in harness.publisher.repeated[0]
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
def test_logs_name_the_job_and_never_hold_the_token(
    harness: Harness, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.DEBUG)
    harness.publisher.error = error
    harness.run(make_job())
    record = next(record for record in caplog.records if record.message == "The job failed")
    assert vars(record)["error"] == type(error).__name__
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("status", [JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED])
def test_a_job_that_the_table_has_ended_is_deleted_undrawn_and_untold(
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


def test_a_duplicate_of_a_job_that_was_begun_is_looked_up_before_it_is_drawn(
    harness: Harness,
) -> None:
    job = make_job()
    harness.table.statuses[job.id] = JobStatus.DRAWING
    harness.publisher.answered.add(job.id)
    message = harness.run(job)
    assert harness.generator.drawn == []
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.table.statuses[job.id] is JobStatus.ANSWERED


def test_a_job_that_failed_is_not_drawn_again_and_told_once(harness: Harness) -> None:
    job = make_job()
    harness.table.statuses[job.id] = JobStatus.FAILED
    harness.publisher.apologies.append((job.id, "an apology"))
    message = harness.run(job)
    assert harness.generator.drawn == []
    assert len(harness.publisher.apologies) == 1
    assert harness.queue.released == [(message.receipt_handle, 0)]


def test_the_table_learns_what_was_shown_and_what_is_charged(harness: Harness) -> None:
    harness.generator.filtered = 1
    job = make_job(images=3)
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.ANSWERED
    assert harness.table.details[job.id] == {"pictures": 2, "filtered": 1, "charged_pictures": 2}


def test_the_table_learns_why_a_job_failed(harness: Harness) -> None:
    harness.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.FAILED
    assert harness.table.details[job.id] == {"reason": "failed.too_large", "charged_pictures": 0}


def test_a_job_that_is_tried_again_has_not_ended(harness: Harness) -> None:
    harness.generator.error = GenerationError("x")
    job = make_job()
    harness.run(job)
    assert harness.table.statuses[job.id] is JobStatus.DRAWING


def test_a_table_that_does_not_answer_stops_no_job(harness: Harness) -> None:
    harness.table.error = StoreError("ConnectTimeoutError")
    message = harness.run(make_job())
    assert len(harness.publisher.sent) == 1
    assert harness.queue.deleted == [message.receipt_handle]


def test_half_way_through_a_long_job_its_user_sees_a_sketch_once(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.draw._SKETCH_SECONDS", -1.0)
    monkeypatch.setattr("discord_diffusion.worker.progress.INTERVAL_SECONDS", 0.0)
    sketch = Image.new("RGB", (8, 8))
    offered: list[int] = []

    def preview(place: int) -> Image.Image | None:
        offered.append(place)
        return sketch if len(offered) > 1 else None  # not drawn yet

    harness.generator.preview = preview
    harness.generator.after_step = lambda step: wait_until(
        lambda: step != 4 or harness.publisher.sketches, 5
    )
    harness.run(make_job(steps=6))
    assert offered == [0, 0], "asked from the half on, until there is one"
    assert harness.publisher.sketches == [sketch]


def test_a_short_job_shows_no_sketch(harness: Harness) -> None:
    harness.generator.preview = lambda _place: Image.new("RGB", (8, 8))
    harness.run(make_job())
    assert harness.publisher.sketches == []


def test_what_a_frozen_worker_finds_ends_no_job_that_another_has() -> None:
    with Harness(visibility_seconds=1) as harness:

        def lose() -> None:
            harness.queue.lost = True
            wait_until(lambda: harness.worker.held_jobs.all()[0].lease.lost)

        harness.publisher.during_upload = lose
        harness.publisher.error = NotAnsweredYetError(404, 10015, "Unknown Webhook")
        job = make_job()
        harness.run(job)
        assert harness.untouched()
        assert harness.table.statuses[job.id] is JobStatus.DRAWING
