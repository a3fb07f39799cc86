"""One message to its end: what is done, what is told, what becomes of the message."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from PIL import Image

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.discord.api_errors import (
    ApiError,
    ConnectionFailedError,
    InteractionGoneError,
    NotAnsweredYetError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.discord.text import FAILURE_MARK
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker.checks import TOKEN_MARGIN
from discord_diffusion.worker.errors import (
    GenerationError,
    OutOfMemoryError,
    PicturesTooLargeError,
)
from discord_diffusion.worker.outcomes import HURRY_SECONDS
from tests.unit.worker.fakes import TOKEN, make_job, make_message, wait_until
from tests.unit.worker.worker_rig import MAX_RECEIVES, Rig


@pytest.fixture
def bench() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def test_an_answered_job_is_deleted_and_its_user_saw_progress(bench: Rig) -> None:
    bench.generator.during = lambda: wait_until(lambda: bench.publisher.progress)
    job = make_job()
    message = bench.run(job)
    assert [answer.job for answer in bench.publisher.sent] == [job]
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.publisher.progress[0][1].endswith("**Working on it…**")


def test_a_message_is_not_deleted_before_discord_has_the_pictures(bench: Rig) -> None:
    bench.publisher.error = UnavailableError(503, None, "down")
    message = bench.run(make_job())
    assert bench.queue.deleted == []
    assert bench.queue.released == [(message.receipt_handle, 10)]


def test_pictures_that_discord_could_not_take_are_sent_later_without_drawing_again(
    bench: Rig,
) -> None:
    bench.publisher.error = UnavailableError(503, None, "down")
    job, other = make_job(), make_job()
    bench.run(job)
    bench.publisher.error = None
    message = bench.run(job, 2)
    assert len(bench.generator.drawn) == 1
    assert [answer.job for answer in bench.publisher.sent] == [job]
    assert bench.queue.deleted == [message.receipt_handle]
    bench.run(other)
    assert [answer.job for answer in bench.publisher.sent] == [job, other]


@pytest.mark.parametrize("body", ["not JSON", "{}", "null", '{"schema_version": 0}'])
def test_a_bad_message_is_released_at_once_and_never_deleted(bench: Rig, body: str) -> None:
    message = make_message(body)
    bench.give(message)
    wait_until(lambda: bench.queue.released)
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.queue.deleted == []
    assert bench.generator.drawn == []


def test_an_expired_job_is_dropped_before_anything_is_drawn_or_told(bench: Rig) -> None:
    message = bench.run(make_job(age=timedelta(minutes=16)))
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.generator.drawn == []
    assert bench.publisher.told == []


def test_a_job_with_seconds_left_is_not_drawn_but_its_user_is_told(bench: Rig) -> None:
    message = bench.run(make_job(age=timedelta(minutes=14, seconds=57)))
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.generator.drawn == []
    [(_, text)] = bench.publisher.told
    assert text.startswith(FAILURE_MARK)


def test_a_job_that_was_answered_before_is_only_deleted(bench: Rig) -> None:
    job = make_job()
    bench.publisher.answered.add(job.id)
    message = bench.run(job, receive_count=2)
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.generator.drawn == []
    assert bench.publisher.sent == []


def test_a_job_that_was_received_before_but_not_answered_is_drawn(bench: Rig) -> None:
    bench.run(make_job(), receive_count=2)
    assert len(bench.publisher.sent) == 1


@pytest.mark.parametrize(
    "error", [GenerationError("x"), OutOfMemoryError("x"), RuntimeError("x"), MemoryError()]
)
def test_a_failed_job_is_tried_again_in_silence(bench: Rig, error: Exception) -> None:
    bench.generator.error = error
    message = bench.run(make_job(), receive_count=MAX_RECEIVES - 1)
    assert [handle for handle, _ in bench.queue.released] == [message.receipt_handle]
    assert bench.queue.deleted == []
    assert bench.publisher.told == []


def test_on_the_last_receive_the_user_is_told_and_the_redrive_takes_the_message(
    bench: Rig,
) -> None:
    bench.generator.error = OutOfMemoryError("CUDA out of memory")
    job = make_job()
    message = bench.run(job, receive_count=MAX_RECEIVES)
    [(told, text)] = bench.publisher.told
    assert told == job.id
    assert text.startswith(FAILURE_MARK)
    assert "graphics memory" in text
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.queue.deleted == []


def test_an_apology_never_replaces_pictures_that_arrived_after_all(bench: Rig) -> None:
    job = make_job()
    bench.publisher.error = UnavailableError(502, None, "the answer to the upload was lost")
    bench.generator.during = lambda: bench.publisher.answered.add(job.id)
    bench.run(job, receive_count=MAX_RECEIVES + 0)
    assert bench.publisher.told == []


@pytest.mark.parametrize(
    "error",
    [
        InteractionGoneError(401, 50027, "Invalid Webhook Token"),
        InteractionGoneError(404, 10062, "Unknown interaction"),
        NotAnsweredYetError(404, 10015, "Unknown Webhook"),
    ],
)
def test_when_nobody_can_be_answered_any_more_the_job_ends(bench: Rig, error: ApiError) -> None:
    bench.publisher.error = error
    message = bench.run(make_job())
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.publisher.told == []


def test_pictures_too_large_are_told_once_and_left_to_the_redrive_undrawn(bench: Rig) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    messages = [bench.run(job, receives + 1) for receives in range(MAX_RECEIVES)]
    assert len(bench.publisher.told) == 1
    assert len(bench.generator.drawn) == 1
    assert bench.queue.released == [(one.receipt_handle, 0) for one in messages]
    assert bench.queue.deleted == []


def test_a_failure_that_could_not_be_told_is_told_on_the_next_receive(bench: Rig) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    bench.publisher.deaf = UnavailableError(503, None, "down")
    job = make_job()
    message = bench.run(job)
    assert bench.queue.released == [(message.receipt_handle, 10)]
    bench.publisher.deaf = None
    bench.run(job, 2)
    assert [told for told, _ in bench.publisher.told] == [job.id]
    assert bench.queue.deleted == []


def test_an_error_that_nobody_foresaw_while_telling_stops_no_worker(bench: Rig) -> None:
    bench.generator.error = RuntimeError("bad job")
    bench.publisher.deaf = ZeroDivisionError()
    bench.run(make_job(), MAX_RECEIVES)
    assert bench.untouched(), "its visibility timeout gives it to the redrive"


def test_a_failed_job_that_nobody_can_be_told_about_is_deleted(bench: Rig) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    bench.publisher.deaf = InteractionGoneError(404, 10008, "Unknown Message")
    message = bench.run(make_job())
    assert bench.queue.deleted == [message.receipt_handle]


def test_a_job_that_others_took_too_long_for_is_refused_undrawn_and_told(
    bench: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.pace.Pace.least", lambda *_: 30.0)
    message = bench.run(make_job(age=timedelta(minutes=14, seconds=20)))
    assert bench.generator.drawn == []
    assert len(bench.publisher.told) == 1
    assert bench.queue.released == [(message.receipt_handle, 0)]
    bench.run(make_job(age=timedelta(minutes=14)))
    assert len(bench.publisher.sent) == 1, "a minute is enough for 45 s"


def named(job: Job, **changes: object) -> str:
    return json.dumps(json.loads(job.to_json()) | changes)


def test_a_job_of_a_later_schema_waits_for_a_later_worker(bench: Rig) -> None:
    message = make_message(named(make_job(), schema_version=2))
    bench.give(message)
    wait_until(lambda: bench.queue.released)
    assert bench.queue.released == [(message.receipt_handle, 60)]
    assert bench.publisher.told == []


@pytest.mark.parametrize("changes", [{"schema_version": 2}, {"mood": "calm"}, {"nsfw": 1}])
def test_whoever_an_unreadable_message_names_is_told_on_its_last_receive(
    bench: Rig, changes: dict[str, object]
) -> None:
    job = make_job()
    message = make_message(named(job, **changes), MAX_RECEIVES)
    bench.give(message)
    wait_until(lambda: bench.queue.released)
    [(told, text)] = bench.publisher.told
    assert told == job.id
    assert text.startswith(FAILURE_MARK)
    assert bench.queue.released == [(message.receipt_handle, 0)]


@pytest.mark.parametrize(
    "changes", [{"token": ""}, {"token": None}, {"id": "../x"}, {"application_id": 7}]
)
def test_an_unreadable_message_that_names_nobody_goes_its_way(
    bench: Rig, changes: dict[str, object]
) -> None:
    bench.give(make_message(named(make_job(), **changes), MAX_RECEIVES))
    wait_until(lambda: bench.queue.released)
    assert bench.publisher.told == []
    assert len(bench.queue.released) == 1


def test_a_last_try_announces_itself_before_it_can_kill_the_worker(bench: Rig) -> None:
    shown: list[str] = []
    bench.generator.during = lambda: shown.extend(text for _, text in bench.publisher.progress)
    job = make_job()
    bench.run(job, MAX_RECEIVES)
    assert shown
    by = f"<t:{int(job.expires_at.timestamp())}:t>"
    assert all("last try" in text and by in text for _, text in bench.publisher.progress)
    assert not shown[0].startswith(FAILURE_MARK)


def test_a_job_whose_lease_is_lost_is_left_to_whoever_has_it() -> None:
    with Rig(visibility_seconds=0) as rig:
        rig.queue.lost = True
        rig.run(make_job())
        assert rig.publisher.sent == []
        assert rig.untouched()


def test_on_the_last_receive_a_lost_lease_does_not_leave_the_user_without_pictures() -> None:
    with Rig(visibility_seconds=0) as rig:
        rig.queue.lost = True
        rig.run(make_job(), receive_count=MAX_RECEIVES)
        assert len(rig.publisher.sent) == 1
        assert rig.queue.deleted == []


def test_a_worker_that_lost_its_lease_stops_drawing_and_says_no_more() -> None:
    steps: list[int] = []

    def lose() -> None:
        wait_until(lambda: rig.publisher.progress)
        rig.queue.lost = True
        wait_until(lambda: rig.worker.holdings.all()[0].lease.lost)

    with Rig(visibility_seconds=1) as rig:
        rig.generator.during = lose
        rig.generator.watch = steps.append
        rig.run(make_job(steps=50))
    assert steps == [], "it ends at the first step"
    assert len(rig.publisher.progress) == 1
    assert not rig.publisher.sent
    assert not rig.publisher.told
    assert rig.untouched()


def test_an_upload_is_stopped_before_its_end_when_the_lease_is_lost_meanwhile() -> None:
    with Rig(visibility_seconds=1) as rig:

        def lose() -> None:
            rig.queue.lost = True
            wait_until(lambda: rig.worker.holdings.all()[0].lease.lost)

        rig.publisher.during_upload = lose
        rig.run(make_job())
    assert rig.publisher.sent == []
    assert rig.untouched()


def hang_until(bench: Rig, seconds: float, expected: Callable[[], object]) -> None:
    """Run a job whose pipeline stands still until `expected`, with so much time left."""
    bench.generator.during = lambda: wait_until(expected)
    age = timedelta(minutes=15) - TOKEN_MARGIN - timedelta(seconds=seconds)
    bench.run(make_job(age=age))


def test_a_job_that_hangs_is_told_in_time_and_ends_the_process(
    bench: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.watchdog.OVERDUE_SECONDS", 0.05)
    hang_until(bench, 0.3, lambda: bench.hung)
    [(_, text)] = bench.publisher.told
    assert text.startswith(FAILURE_MARK)
    assert bench.publisher.sent == []


def test_a_job_that_is_only_slow_ends_without_ending_the_process(bench: Rig) -> None:
    hang_until(bench, 0.3, lambda: bench.publisher.told)
    assert len(bench.publisher.told) == 1
    assert len(bench.queue.released) == 1
    assert bench.hung == []
    assert bench.publisher.sent == []


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_given_back_on_its_last_receive_is_told(bench: Rig, receive_count: int) -> None:
    bench.generator.during = bench.worker.loop.give_back
    message = bench.run(make_job(), receive_count)
    assert len(bench.publisher.told) == (receive_count == MAX_RECEIVES)
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.publisher.sent == [], "what was given back is not drawn to its end"


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_declined_on_its_last_receive_is_told(bench: Rig, receive_count: int) -> None:
    message = make_message(make_job().to_json(), receive_count)
    bench.stop()
    bench.worker.loop._take(message)  # of a poll that was open when the signal came
    assert len(bench.publisher.told) == (receive_count == MAX_RECEIVES)
    assert set(bench.publisher.patience) <= {HURRY_SECONDS}
    assert bench.queue.released == [(message.receipt_handle, 0)]


def test_the_running_job_can_be_given_back_from_another_thread(bench: Rig) -> None:
    bench.generator.during = bench.worker.loop.give_back
    message = bench.run(make_job())
    assert bench.queue.released[0] == (message.receipt_handle, 0)
    bench.worker.loop.give_back()
    assert len(bench.queue.released) == 1, "nothing is running any more"


def test_a_progress_edit_that_may_overtake_the_answer_is_written_over(
    bench: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(job: Job, content: str, sketch: object) -> None:
        bench.publisher.progress.append((job.id, content))
        raise ConnectionFailedError("ReadTimeout", timed_out=True)

    monkeypatch.setattr(bench.publisher, "show_progress", time_out)
    bench.generator.during = lambda: wait_until(lambda: bench.publisher.progress)
    message = bench.run(make_job())
    assert bench.publisher.repeated == ["2 pictures"]
    assert bench.queue.deleted == [message.receipt_handle]


def test_after_a_failed_job_the_next_one_is_answered(bench: Rig) -> None:
    bench.generator.error = RuntimeError("bad job")
    bench.run(make_job())
    bench.generator.error = None
    bench.run(make_job())
    assert len(bench.publisher.sent) == 1


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"https://discord.com/api/webhooks/1/{TOKEN}"),
        RequestRefusedError(400, 50035, "Invalid Form Body"),
    ],
)
def test_logs_name_the_job_and_never_hold_the_token(
    bench: Rig, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.publisher.error = error
    bench.run(make_job())
    record = next(record for record in caplog.records if record.message == "The job failed")
    assert vars(record)["error"] == type(error).__name__
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("status", [JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED])
def test_a_job_that_the_table_has_ended_is_deleted_undrawn_and_untold(
    bench: Rig, status: JobStatus
) -> None:
    job = make_job()
    bench.table.statuses[job.id] = status
    message = bench.run(job)
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.generator.drawn == []
    assert not bench.publisher.told
    assert not bench.publisher.sent
    assert bench.table.statuses[job.id] is status


def test_a_duplicate_of_a_job_that_was_begun_is_looked_up_before_it_is_drawn(bench: Rig) -> None:
    job = make_job()
    bench.table.statuses[job.id] = JobStatus.DRAWING
    bench.publisher.answered.add(job.id)
    message = bench.run(job)
    assert bench.generator.drawn == []
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.table.statuses[job.id] is JobStatus.ANSWERED


def test_a_job_that_failed_is_not_drawn_again_and_told_once(bench: Rig) -> None:
    job = make_job()
    bench.table.statuses[job.id] = JobStatus.FAILED
    bench.publisher.told.append((job.id, "an apology"))
    message = bench.run(job)
    assert bench.generator.drawn == []
    assert len(bench.publisher.told) == 1
    assert bench.queue.released == [(message.receipt_handle, 0)]


def test_the_table_learns_what_was_shown_and_what_is_charged(bench: Rig) -> None:
    bench.generator.filtered = 1
    job = make_job(images=3)
    bench.run(job)
    assert bench.table.statuses[job.id] is JobStatus.ANSWERED
    assert bench.table.details[job.id] == {"pictures": 2, "filtered": 1, "charged_pictures": 2}


def test_the_table_learns_why_a_job_failed(bench: Rig) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    bench.run(job)
    assert bench.table.statuses[job.id] is JobStatus.FAILED
    assert bench.table.details[job.id] == {"reason": "failed.too_large", "charged_pictures": 0}


def test_a_job_that_is_tried_again_has_not_ended(bench: Rig) -> None:
    bench.generator.error = GenerationError("x")
    job = make_job()
    bench.run(job)
    assert bench.table.statuses[job.id] is JobStatus.DRAWING


def test_a_table_that_does_not_answer_stops_no_job(bench: Rig) -> None:
    bench.table.error = StoreError("ConnectTimeoutError")
    message = bench.run(make_job())
    assert len(bench.publisher.sent) == 1
    assert bench.queue.deleted == [message.receipt_handle]


def test_half_way_through_a_long_job_its_user_sees_a_sketch_once(
    bench: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.draw._SKETCH_SECONDS", -1.0)
    monkeypatch.setattr("discord_diffusion.worker.progress.INTERVAL_SECONDS", 0.0)
    sketch = Image.new("RGB", (8, 8))
    offered: list[int] = []

    def preview(place: int) -> Image.Image | None:
        offered.append(place)
        return sketch if len(offered) > 1 else None  # not drawn yet

    bench.generator.preview = preview
    bench.generator.watch = lambda step: wait_until(
        lambda: step != 4 or bench.publisher.sketches, 5
    )
    bench.run(make_job(steps=6))
    assert offered == [0, 0], "asked from the half on, until there is one"
    assert bench.publisher.sketches == [sketch]


def test_a_short_job_shows_no_sketch(bench: Rig) -> None:
    bench.generator.preview = lambda _place: Image.new("RGB", (8, 8))
    bench.run(make_job())
    assert bench.publisher.sketches == []


def test_what_a_frozen_worker_finds_ends_no_job_that_another_has() -> None:
    with Rig(visibility_seconds=1) as rig:

        def lose() -> None:
            rig.queue.lost = True
            wait_until(lambda: rig.worker.holdings.all()[0].lease.lost)

        rig.publisher.during_upload = lose
        rig.publisher.error = NotAnsweredYetError(404, 10015, "Unknown Webhook")
        job = make_job()
        rig.run(job)
        assert rig.untouched()
        assert rig.table.statuses[job.id] is JobStatus.DRAWING
