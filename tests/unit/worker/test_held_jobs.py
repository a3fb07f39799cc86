"""Held jobs: which are drawn next, and when another is received; with a clock of its own."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

import pytest

from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.errors import (
    JobExpiredError,
    LeaseLostError,
    MessageDeletedError,
    StoppedByModeratorError,
)
from discord_diffusion.worker.held_jobs import (
    MOST_HELD,
    SLOW_SECONDS,
    HeldJob,
    HeldJobs,
    Poll,
    Stage,
)
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.pace import TOKEN_MARGIN
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.protection_thread import ProtectionThread
from tests.unit.worker.fakes import MemoryQueue, make_job, make_message, wait_until

LEAD = 2.0


class CountingProtection(ProtectionThread):
    """Counts held jobs."""

    def __init__(self) -> None:
        super().__init__(None)
        self.held = 0

    def job_added(self) -> None:
        self.held += 1

    def job_removed(self) -> None:
        self.held -= 1


@dataclass
class FrozenHeldJobs:
    """Held jobs whose clock stands still."""

    now: float = 100.0
    gather_seconds: float = 0.0
    clock_reads: int = 0
    protection: CountingProtection = field(default_factory=CountingProtection)

    def __post_init__(self) -> None:
        self.held_jobs = HeldJobs(
            self.protection, gather_seconds=self.gather_seconds, clock=self.clock
        )

    def clock(self) -> float:
        self.clock_reads += 1
        return self.now

    def wait(self, function: Callable[[], object], clock_reads: int) -> list[object]:
        """Call a function that waits in a thread of its own; returns the list of its result.

        The function has begun to wait when it has read the clock so often: it holds the lock until
        then.
        """
        results: list[object] = []
        before = self.clock_reads
        threading.Thread(target=lambda: results.append(function()), daemon=True).start()
        wait_until(lambda: self.clock_reads >= before + clock_reads)
        return results

    def take(
        self, *, key: str = "a", images: int = 1, capacity: int = 4, job: Job | None = None
    ) -> HeldJob:
        job = job or make_job(images=images)
        held = HeldJob(
            make_message(job.to_json()),
            job,
            Lease(MemoryQueue(), "r", 60),
            Progress(lambda _text, _sketch: None),
            last=False,
            batch_key=key,
            capacity=capacity,
        )
        self.held_jobs.add(held)
        return held

    def ready(self, **facts: object) -> HeldJob:
        held = self.take(**facts)  # type: ignore[arg-type]  # as `take` has them
        assert self.held_jobs.mark_ready(held)
        return held

    def poll(self) -> Poll | None:
        return self.held_jobs.wait_until_next_receive(LEAD, 0.0)


@pytest.fixture
def frozen() -> FrozenHeldJobs:
    return FrozenHeldJobs()


@pytest.fixture
def gathering_desk() -> Iterator[FrozenHeldJobs]:
    """One whose free pipeline waits for a minute, by a clock that stands still, for more jobs."""
    frozen = FrozenHeldJobs(gather_seconds=60.0)
    yield frozen
    frozen.held_jobs.close()


def test_a_worker_with_nothing_to_do_polls_as_long_as_usual(frozen: FrozenHeldJobs) -> None:
    assert frozen.poll() is Poll.USUAL


def test_with_a_job_to_draw_others_of_its_batch_are_polled_for_without_waiting(
    frozen: FrozenHeldJobs,
) -> None:
    frozen.take()
    assert frozen.poll() is Poll.IMMEDIATE


def test_an_empty_poll_is_not_repeated_at_once(frozen: FrozenHeldJobs) -> None:
    frozen.take()
    frozen.held_jobs.note_empty_poll()
    assert frozen.poll() is None
    frozen.now += 0.5
    assert frozen.poll() is Poll.IMMEDIATE


def test_after_a_message_another_is_polled_for_at_once(frozen: FrozenHeldJobs) -> None:
    frozen.held_jobs.note_empty_poll()
    frozen.take()
    assert frozen.poll() is Poll.IMMEDIATE


def test_no_job_is_received_for_a_batch_that_is_full(frozen: FrozenHeldJobs) -> None:
    frozen.take(images=3)
    assert frozen.poll() is Poll.IMMEDIATE
    frozen.take(images=1)
    assert frozen.poll() is None


def test_a_job_that_is_slow_to_be_prepared_holds_up_no_other(frozen: FrozenHeldJobs) -> None:
    frozen.take(images=4)
    assert frozen.poll() is None
    frozen.now += SLOW_SECONDS
    assert frozen.poll() is Poll.USUAL
    other = frozen.ready(key="b", images=4)
    assert frozen.poll() is None
    assert frozen.held_jobs.next_batch() == [other]


@pytest.mark.parametrize("other", [{"key": "b"}, {"images": 4}], ids=["differs", "does not fit"])
def test_no_further_job_is_received_after_one_that_does_not_fit_the_batch(
    frozen: FrozenHeldJobs, other: dict[str, object]
) -> None:
    frozen.take()
    frozen.take(**other)  # type: ignore[arg-type]  # as `take` has them
    assert frozen.poll() is None


def test_while_a_batch_is_drawn_the_next_job_is_received_just_in_time(
    frozen: FrozenHeldJobs,
) -> None:
    frozen.ready()
    frozen.held_jobs.next_batch()
    assert frozen.poll() is None, "it is not known how long it takes"
    frozen.held_jobs.expect_drawing_for(10)
    frozen.now += 7.9
    assert frozen.poll() is None
    frozen.now += 0.1
    assert frozen.poll() is Poll.SHORT, "a job that comes later is for an idle worker"


def test_a_poll_that_waits_begins_as_soon_as_the_end_of_the_batch_is_known(
    frozen: FrozenHeldJobs,
) -> None:
    frozen.ready()
    frozen.held_jobs.next_batch()
    polls = frozen.wait(lambda: frozen.held_jobs.wait_until_next_receive(LEAD, 60.0), clock_reads=2)
    assert polls == []
    frozen.held_jobs.expect_drawing_for(LEAD)
    wait_until(lambda: polls == [Poll.SHORT])


def test_the_seconds_until_the_pipeline_is_free_are_counted_down(frozen: FrozenHeldJobs) -> None:
    assert frozen.held_jobs.drawing_seconds_left() == 0
    frozen.held_jobs.expect_drawing_for(10)
    frozen.now += 9.5
    assert frozen.held_jobs.drawing_seconds_left() == 0.5
    frozen.now += 5
    assert frozen.held_jobs.drawing_seconds_left() == 0


def test_no_poll_waits_longer_than_it_may(frozen: FrozenHeldJobs) -> None:
    frozen.ready()
    frozen.held_jobs.next_batch()
    polls = frozen.wait(lambda: frozen.held_jobs.wait_until_next_receive(LEAD, 0.02), clock_reads=2)
    frozen.now += 0.02
    wait_until(lambda: polls == [None])


def test_a_poll_that_waits_for_the_end_of_a_batch_wakes_up_for_it(frozen: FrozenHeldJobs) -> None:
    frozen.ready()
    frozen.held_jobs.next_batch()
    frozen.held_jobs.expect_drawing_for(LEAD + 0.02)
    polls = frozen.wait(lambda: frozen.held_jobs.wait_until_next_receive(LEAD, 60.0), clock_reads=2)
    frozen.now += 0.02
    wait_until(lambda: polls == [Poll.SHORT])


@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.READY])
def test_a_job_that_is_to_be_drawn_is_reason_enough_not_to_wait(
    frozen: FrozenHeldJobs, stage: Stage
) -> None:
    frozen.take().stage = stage
    assert frozen.poll() is Poll.IMMEDIATE


def test_a_poll_that_waits_for_a_job_to_be_prepared_wakes_up_when_that_is_slow(
    frozen: FrozenHeldJobs,
) -> None:
    frozen.take(images=4)
    frozen.now += SLOW_SECONDS - 0.02
    polls = frozen.wait(lambda: frozen.held_jobs.wait_until_next_receive(LEAD, 60.0), clock_reads=2)
    frozen.now += 0.02
    wait_until(lambda: polls == [Poll.USUAL], seconds=20)


def test_a_batch_that_has_been_drawn_does_not_delay_the_next_poll(frozen: FrozenHeldJobs) -> None:
    [held] = (frozen.ready(), frozen.held_jobs.next_batch())[1]
    held.stage = Stage.DELIVERING
    frozen.held_jobs.expect_drawing_for(0)
    assert frozen.poll() is Poll.USUAL


def test_a_batch_that_is_delivered_earlier_than_expected_does_not_delay_the_next_poll(
    frozen: FrozenHeldJobs,
) -> None:
    held = frozen.ready()
    frozen.held_jobs.next_batch()
    frozen.held_jobs.expect_drawing_for(60)
    held.stage = Stage.DELIVERING
    assert frozen.poll() is Poll.SHORT


def test_an_idle_worker_polls_again_at_once_after_an_empty_poll(frozen: FrozenHeldJobs) -> None:
    frozen.held_jobs.note_empty_poll()
    assert frozen.poll() is Poll.USUAL


def test_a_worker_that_holds_the_most_jobs_receives_no_more(frozen: FrozenHeldJobs) -> None:
    for _ in range(MOST_HELD):
        frozen.take().stage = Stage.DELIVERING
    assert frozen.poll() is None
    frozen.held_jobs.remove(frozen.held_jobs.all()[0])
    assert frozen.poll() is Poll.USUAL


def test_the_lease_of_an_earlier_receive_of_the_same_job_is_lost(frozen: FrozenHeldJobs) -> None:
    earlier, other = frozen.take(), frozen.take()
    now = frozen.take(job=earlier.job)
    assert earlier.lease.lost
    assert not earlier.lease.is_held()
    assert now.lease.is_held()
    assert other.lease.is_held()


def test_the_oldest_job_is_drawn_first_with_those_that_agree(frozen: FrozenHeldJobs) -> None:
    first, _other, third = frozen.ready(), frozen.ready(key="b"), frozen.ready()
    assert frozen.held_jobs.next_batch() == [first, third]
    assert {held.stage for held in (first, third)} == {Stage.DRAWING}


def test_a_batch_holds_no_more_pictures_than_fit_but_one_job_always(frozen: FrozenHeldJobs) -> None:
    large = frozen.ready(images=4, capacity=2)
    second, third, small = frozen.ready(images=3), frozen.ready(images=2), frozen.ready(images=1)
    assert frozen.held_jobs.next_batch() == [large]
    assert frozen.held_jobs.next_batch() == [second, small]
    assert frozen.held_jobs.next_batch() == [third]


def test_a_batch_with_room_waits_for_more_jobs_until_a_poll_finds_none(
    gathering_desk: FrozenHeldJobs,
) -> None:
    first = gathering_desk.ready(images=1)
    batches = gathering_desk.wait(gathering_desk.held_jobs.next_batch, clock_reads=2)
    assert batches == []
    gathering_desk.held_jobs.note_empty_poll()
    wait_until(lambda: batches == [[first]])


def test_a_batch_with_room_waits_for_a_job_that_is_being_prepared(
    gathering_desk: FrozenHeldJobs,
) -> None:
    first, second = gathering_desk.ready(images=1), gathering_desk.take(images=1)
    gathering_desk.held_jobs.note_empty_poll()
    batches = gathering_desk.wait(gathering_desk.held_jobs.next_batch, clock_reads=2)
    assert batches == []
    gathering_desk.held_jobs.mark_ready(second)
    wait_until(lambda: batches == [[first, second]])


def test_a_batch_waits_for_more_jobs_from_when_its_first_job_was_ready(
    gathering_desk: FrozenHeldJobs,
) -> None:
    first = gathering_desk.ready(images=1)
    batches = gathering_desk.wait(gathering_desk.held_jobs.next_batch, clock_reads=2)
    gathering_desk.now += 59.5
    reads = gathering_desk.clock_reads
    gathering_desk.held_jobs.expect_drawing_for(0)  # reads the clock, and wakes the thread up
    wait_until(lambda: gathering_desk.clock_reads >= reads + 2)
    assert gathering_desk.held_jobs.all(Stage.READY) == [first]
    gathering_desk.now += 0.5
    gathering_desk.held_jobs.expect_drawing_for(0)
    wait_until(lambda: batches == [[first]])


def test_a_batch_is_drawn_when_its_time_to_gather_is_over() -> None:
    frozen = FrozenHeldJobs(gather_seconds=0.02)
    first = frozen.ready(images=1)
    batches = frozen.wait(frozen.held_jobs.next_batch, clock_reads=2)
    frozen.now += 0.02
    wait_until(lambda: batches == [[first]])


def test_a_full_batch_waits_for_no_more_jobs(gathering_desk: FrozenHeldJobs) -> None:
    jobs = [gathering_desk.ready(images=2), gathering_desk.ready(images=2)]
    batches = gathering_desk.wait(gathering_desk.held_jobs.next_batch, clock_reads=2)
    wait_until(lambda: batches == [jobs])


def test_a_batch_waits_for_no_more_jobs_once_one_that_is_no_part_of_it_was_received(
    gathering_desk: FrozenHeldJobs,
) -> None:
    first, _other = gathering_desk.ready(images=1), gathering_desk.ready(key="b")
    batches = gathering_desk.wait(gathering_desk.held_jobs.next_batch, clock_reads=2)
    assert batches == []
    assert gathering_desk.poll() is None
    wait_until(lambda: batches == [[first]])


def test_a_job_that_is_not_prepared_does_not_delay_others(frozen: FrozenHeldJobs) -> None:
    frozen.take()
    ready = frozen.ready()
    assert frozen.held_jobs.next_batch() == [ready]


def test_once_closed_no_job_is_received_or_begun(frozen: FrozenHeldJobs) -> None:
    ready, preparing = frozen.ready(), frozen.take()
    assert frozen.held_jobs.close() == [ready]
    assert frozen.held_jobs.next_batch() == []
    assert frozen.poll() is None
    assert not frozen.held_jobs.mark_ready(preparing)


def test_the_task_is_protected_from_the_receipt_of_a_job_to_its_end(frozen: FrozenHeldJobs) -> None:
    held = frozen.take()
    assert frozen.protection.held == 1
    frozen.held_jobs.remove(held)
    frozen.held_jobs.remove(held)
    assert frozen.protection.held == 0


def test_seconds_are_those_between_two_events(
    frozen: FrozenHeldJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = frozen.take()
    for event, now in (("received", 50.0), ("drawn", 53.5)):
        monkeypatch.setattr("discord_diffusion.worker.held_jobs.time.time", lambda now=now: now)
        held.mark(event)
    assert held.times == {"received": 50.0, "drawn": 53.5}
    assert held.seconds("received", "drawn") == 3.5
    assert held.seconds("drawn", "received") == 0
    assert held.seconds("received", "answered") == 0
    assert held.seconds("answered", "drawn") == 0
    assert held.seconds("begun", "answered") == 0


@pytest.mark.parametrize(
    ("given_back", "leased", "last", "works"),
    [
        (False, True, False, True),
        (False, False, True, True),
        (False, True, True, True),
        (False, False, False, False),
        (True, True, True, False),
    ],
)
def test_only_the_worker_that_answers_a_job_works_on_it(
    frozen: FrozenHeldJobs, given_back: bool, leased: bool, last: bool, works: bool
) -> None:
    held = frozen.take()
    held.given_back, held.last = given_back, last
    if works:
        return held.check(leased=leased)
    with pytest.raises(LeaseLostError, match=r"^another worker has the job, or will have it$"):
        held.check(leased=leased)
    return None


def test_a_job_whose_token_is_about_to_expire_is_not_worked_on(
    frozen: FrozenHeldJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = frozen.take()
    now = held.job.expires_at - TOKEN_MARGIN

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return now.astimezone(tz) if tz else now.replace(tzinfo=None)

    monkeypatch.setattr("discord_diffusion.worker.held_jobs.datetime", Clock)
    held.check(leased=True)
    now += timedelta(microseconds=1)
    with pytest.raises(JobExpiredError, match=r"^drawing took too long$"):
        held.check(leased=True)


@pytest.mark.parametrize(("share", "pictures"), [(0.0, 0), (0.01, 1), (0.5, 2), (1.0, 3)])
def test_a_picture_that_was_begun_counts_as_drawn(
    frozen: FrozenHeldJobs, share: float, pictures: int
) -> None:
    held = frozen.take(images=3)
    held.drawn_share = share
    assert held.pictures_drawn() == pictures


@pytest.mark.parametrize(
    ("cause", "error", "text"),
    [
        ("deleted", MessageDeletedError, "the message was deleted while its job was drawn"),
        ("forbidden", StoppedByModeratorError, "a moderator stopped it while it was drawn"),
    ],
)
def test_a_job_that_somebody_has_stopped_is_not_worked_on(
    frozen: FrozenHeldJobs, cause: str, error: type[Exception], text: str
) -> None:
    held = frozen.take()
    setattr(held.progress, cause, True)
    with pytest.raises(error, match=f"^{text}$"):
        held.check(leased=True)
