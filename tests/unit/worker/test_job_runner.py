"""One message to its end: what is done, what is told, what becomes of the message."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.discord.api_errors import (
    ApiError,
    ConnectionFailedError,
    InteractionGoneError,
    NotAnsweredYetError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.discord.text import FAILURE_MARK
from discord_diffusion.jobs import Job
from discord_diffusion.worker.endings import HURRY_SECONDS
from discord_diffusion.worker.errors import (
    GenerationError,
    OutOfMemoryError,
    PicturesTooLargeError,
)
from discord_diffusion.worker.job_runner import TOKEN_MARGIN, JobRunner, LeaseTerms
from tests.unit.worker.fakes import (
    TOKEN,
    FakeGenerator,
    MemoryPublisher,
    MemoryQueue,
    make_job,
    make_message,
    wait_until,
)

MAX_RECEIVES = 3


@dataclass
class Bench:
    """A runner with everything around it in memory."""

    queue: MemoryQueue = field(default_factory=MemoryQueue)
    generator: FakeGenerator = field(default_factory=FakeGenerator)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    beats: list[str] = field(default_factory=list)
    hung: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runner = JobRunner(
            self.queue,
            self.generator,
            self.publisher,
            LeaseTerms(visibility_seconds=60, max_receive_count=MAX_RECEIVES),
            on_progress=lambda: self.beats.append("step"),
            on_hang=lambda: self.hung.append(True),
        )

    def run(self, job: Job, receive_count: int = 1) -> ReceivedMessage:
        message = make_message(job.to_json(), receive_count)
        self.runner.run(message)
        return message

    def untouched(self) -> bool:
        return not (self.queue.deleted or self.queue.released)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_answered_job_is_deleted_and_its_user_saw_progress(bench: Bench) -> None:
    bench.generator.during = lambda: wait_until(lambda: bench.publisher.progress)
    job = make_job()
    message = bench.run(job)
    assert [answer.job for answer in bench.publisher.sent] == [job]
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.publisher.progress[0][1].endswith("**Working on it…**")
    assert bench.beats == ["step"] * job.parameters.steps


def test_a_message_is_not_deleted_before_discord_has_the_pictures(bench: Bench) -> None:
    bench.publisher.error = UnavailableError(503, None, "down")
    message = bench.run(make_job())
    assert bench.queue.deleted == []
    assert bench.queue.released == [(message.receipt_handle, 10)]


def test_pictures_that_discord_could_not_take_are_sent_later_without_drawing_again(
    bench: Bench,
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
def test_a_bad_message_is_released_at_once_and_never_deleted(bench: Bench, body: str) -> None:
    message = make_message(body)
    bench.runner.run(message)
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.queue.deleted == []
    assert bench.generator.drawn == []


def test_an_expired_job_is_dropped_before_anything_is_drawn_or_told(bench: Bench) -> None:
    message = bench.run(make_job(age=timedelta(minutes=16)))
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.generator.drawn == []
    assert bench.publisher.told == []


def test_a_job_with_seconds_left_is_not_drawn_but_its_user_is_told(bench: Bench) -> None:
    message = bench.run(make_job(age=timedelta(minutes=14, seconds=57)))
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.generator.drawn == []
    [(_, text)] = bench.publisher.told
    assert text.startswith(FAILURE_MARK)


def test_a_job_that_was_answered_before_is_only_deleted(bench: Bench) -> None:
    job = make_job()
    bench.publisher.answered.add(job.id)
    message = bench.run(job, receive_count=2)
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.generator.drawn == []
    assert bench.publisher.sent == []


def test_a_job_that_was_received_before_but_not_answered_is_drawn(bench: Bench) -> None:
    bench.run(make_job(), receive_count=2)
    assert len(bench.publisher.sent) == 1


@pytest.mark.parametrize(
    "error", [GenerationError("x"), OutOfMemoryError("x"), RuntimeError("x"), MemoryError()]
)
def test_a_failed_job_is_tried_again_in_silence(bench: Bench, error: Exception) -> None:
    bench.generator.error = error
    message = bench.run(make_job(), receive_count=MAX_RECEIVES - 1)
    assert [handle for handle, _ in bench.queue.released] == [message.receipt_handle]
    assert bench.queue.deleted == []
    assert bench.publisher.told == []


def test_on_the_last_receive_the_user_is_told_and_the_redrive_takes_the_message(
    bench: Bench,
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


def test_an_apology_never_replaces_pictures_that_arrived_after_all(bench: Bench) -> None:
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
def test_when_nobody_can_be_answered_any_more_the_job_ends(bench: Bench, error: ApiError) -> None:
    bench.publisher.error = error
    message = bench.run(make_job())
    assert bench.queue.deleted == [message.receipt_handle]
    assert bench.publisher.told == []


def test_pictures_too_large_are_told_once_and_left_to_the_redrive_undrawn(bench: Bench) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    job = make_job()
    messages = [bench.run(job, receives + 1) for receives in range(MAX_RECEIVES)]
    assert len(bench.publisher.told) == 1
    assert len(bench.generator.drawn) == 1
    assert bench.queue.released == [(one.receipt_handle, 0) for one in messages]
    assert bench.queue.deleted == []


def test_a_failure_that_could_not_be_told_is_told_on_the_next_receive(bench: Bench) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    bench.publisher.deaf = UnavailableError(503, None, "down")
    job = make_job()
    message = bench.run(job)
    assert bench.queue.released == [(message.receipt_handle, 10)]
    bench.publisher.deaf = None
    bench.run(job, 2)
    assert [told for told, _ in bench.publisher.told] == [job.id]
    assert bench.queue.deleted == []


def test_an_error_that_nobody_foresaw_while_telling_stops_no_worker(bench: Bench) -> None:
    bench.generator.error = RuntimeError("bad job")
    bench.publisher.deaf = ZeroDivisionError()
    bench.run(make_job(), MAX_RECEIVES)
    assert bench.untouched(), "its visibility timeout gives it to the redrive"


def test_a_failed_job_that_nobody_can_be_told_about_is_deleted(bench: Bench) -> None:
    bench.publisher.error = PicturesTooLargeError("x")
    bench.publisher.deaf = InteractionGoneError(404, 10008, "Unknown Message")
    message = bench.run(make_job())
    assert bench.queue.deleted == [message.receipt_handle]


def test_a_job_that_others_took_too_long_for_is_refused_undrawn_and_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.pace.Pace.estimate", lambda *_: 30.0)
    message = bench.run(make_job(age=timedelta(minutes=14, seconds=20)))
    assert bench.generator.drawn == []
    assert len(bench.publisher.told) == 1
    assert bench.queue.released == [(message.receipt_handle, 0)]
    bench.run(make_job(age=timedelta(minutes=14)))
    assert len(bench.publisher.sent) == 1, "a minute is enough for 45 s"


def named(job: Job, **changes: object) -> str:
    return json.dumps(json.loads(job.to_json()) | changes)


def test_a_job_of_a_later_schema_waits_for_a_later_worker(bench: Bench) -> None:
    message = make_message(named(make_job(), schema_version=2))
    bench.runner.run(message)
    assert bench.queue.released == [(message.receipt_handle, 60)]
    assert bench.publisher.told == []


@pytest.mark.parametrize("changes", [{"schema_version": 2}, {"mood": "calm"}, {"nsfw": 1}])
def test_whoever_an_unreadable_message_names_is_told_on_its_last_receive(
    bench: Bench, changes: dict[str, object]
) -> None:
    job = make_job()
    message = make_message(named(job, **changes), MAX_RECEIVES)
    bench.runner.run(message)
    [(told, text)] = bench.publisher.told
    assert told == job.id
    assert text.startswith(FAILURE_MARK)
    assert bench.queue.released == [(message.receipt_handle, 0)]


@pytest.mark.parametrize(
    "changes", [{"token": ""}, {"token": None}, {"id": "../x"}, {"application_id": 7}]
)
def test_an_unreadable_message_that_names_nobody_goes_its_way(
    bench: Bench, changes: dict[str, object]
) -> None:
    bench.runner.run(make_message(named(make_job(), **changes), MAX_RECEIVES))
    assert bench.publisher.told == []
    assert len(bench.queue.released) == 1


def test_a_last_try_announces_itself_before_it_can_kill_the_worker(bench: Bench) -> None:
    shown: list[str] = []
    bench.generator.during = lambda: shown.extend(text for _, text in bench.publisher.progress)
    job = make_job()
    bench.run(job, MAX_RECEIVES)
    assert shown
    by = f"<t:{int(job.expires_at.timestamp())}:t>"
    assert all("last try" in text and by in text for _, text in bench.publisher.progress)
    assert not shown[0].startswith(FAILURE_MARK)


def test_a_job_whose_lease_is_lost_is_left_to_whoever_has_it(bench: Bench) -> None:
    bench.runner = JobRunner(
        bench.queue, bench.generator, bench.publisher, LeaseTerms(0, MAX_RECEIVES)
    )
    bench.queue.lost = True
    bench.run(make_job())
    assert len(bench.generator.drawn) == 1
    assert bench.publisher.sent == []
    assert bench.untouched()


def test_on_the_last_receive_a_lost_lease_does_not_leave_the_user_without_pictures(
    bench: Bench,
) -> None:
    bench.runner = JobRunner(
        bench.queue, bench.generator, bench.publisher, LeaseTerms(0, MAX_RECEIVES)
    )
    bench.queue.lost = True
    bench.run(make_job(), receive_count=MAX_RECEIVES)
    assert len(bench.publisher.sent) == 1
    assert bench.queue.deleted == []


def test_a_worker_that_lost_its_lease_stops_drawing_and_says_no_more(bench: Bench) -> None:
    bench.runner = JobRunner(
        bench.queue, bench.generator, bench.publisher, LeaseTerms(1, MAX_RECEIVES)
    )
    steps: list[int] = []

    def lose() -> None:
        wait_until(lambda: bench.publisher.progress)
        bench.queue.lost = True
        wait_until(lambda: bench.runner._held and bench.runner._held.lease.lost)

    bench.generator.during = lose
    bench.generator.watch = steps.append
    bench.run(make_job(steps=50))
    assert steps == [], "it ends at the first step"
    assert len(bench.publisher.progress) == 1
    assert not bench.publisher.sent
    assert not bench.publisher.told
    assert bench.untouched()


def hang_until(bench: Bench, seconds: float, expected: Callable[[], object]) -> None:
    """Run a job whose pipeline stands still until `expected`, with so much time left."""
    bench.generator.during = lambda: wait_until(expected)
    age = timedelta(minutes=15) - TOKEN_MARGIN - timedelta(seconds=seconds)
    bench.run(make_job(age=age))


def test_a_job_that_hangs_is_told_in_time_and_ends_the_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.job_runner._HANG_SECONDS", 0.05)
    hang_until(bench, 0.3, lambda: bench.hung)
    [(_, text)] = bench.publisher.told
    assert text.startswith(FAILURE_MARK)
    assert bench.publisher.sent == []


def test_a_job_that_is_only_slow_ends_without_ending_the_process(bench: Bench) -> None:
    hang_until(bench, 0.3, lambda: bench.publisher.told)
    assert len(bench.publisher.told) == 1
    assert len(bench.queue.released) == 1
    assert bench.hung == []
    assert bench.publisher.sent == []


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_given_back_on_its_last_receive_is_told(bench: Bench, receive_count: int) -> None:
    bench.generator.during = bench.runner.give_back
    message = bench.run(make_job(), receive_count)
    assert len(bench.publisher.told) == (receive_count == MAX_RECEIVES)
    assert bench.queue.released == [(message.receipt_handle, 0)]
    assert bench.publisher.sent == [], "what was given back is not drawn to its end"


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_declined_on_its_last_receive_is_told(bench: Bench, receive_count: int) -> None:
    message = make_message(make_job().to_json(), receive_count)
    bench.runner.decline(message)
    assert len(bench.publisher.told) == (receive_count == MAX_RECEIVES)
    assert set(bench.publisher.patience) <= {HURRY_SECONDS}
    assert bench.queue.released == [(message.receipt_handle, 0)]


def test_the_running_job_can_be_given_back_from_another_thread(bench: Bench) -> None:
    bench.generator.during = bench.runner.give_back
    message = bench.run(make_job())
    assert bench.queue.released[0] == (message.receipt_handle, 0)
    bench.runner.give_back()
    assert len(bench.queue.released) == 1, "nothing is running any more"


def test_a_progress_edit_that_may_overtake_the_answer_is_written_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(job: Job, content: str) -> None:
        bench.publisher.progress.append((job.id, content))
        raise ConnectionFailedError("ReadTimeout", timed_out=True)

    monkeypatch.setattr(bench.publisher, "show_progress", time_out)
    bench.generator.during = lambda: wait_until(lambda: bench.publisher.progress)
    message = bench.run(make_job())
    assert bench.publisher.repeated == ["2 pictures"]
    assert bench.queue.deleted == [message.receipt_handle]


def test_after_a_failed_job_the_next_one_is_answered(bench: Bench) -> None:
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
    bench: Bench, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.publisher.error = error
    bench.run(make_job())
    record = next(record for record in caplog.records if record.message == "The job failed")
    assert vars(record)["error"] == type(error).__name__
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)
