"""What is drawn next, and when more is fetched: by a clock of the test's own."""

from dataclasses import dataclass, field

import pytest

from discord_diffusion.worker.held import Held, Stage
from discord_diffusion.worker.held_jobs import MOST_HELD, NOTHING_TO_FETCH, Holdings
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.progress import Progress
from tests.unit.worker.fakes import make_job, make_message

LEAD = 2.0


@dataclass
class Count:
    """Counts what is held."""

    held: int = 0

    def hold(self) -> None:
        self.held += 1

    def let_go(self) -> None:
        self.held -= 1


@dataclass
class Desk:
    """Holdings whose clock stands still."""

    now: float = 100.0
    count: Count = field(default_factory=Count)

    def __post_init__(self) -> None:
        self.holdings = Holdings(self.count, gather_seconds=0.0, clock=lambda: self.now)

    def take(self, *, key: str = "a", images: int = 1, capacity: int = 4) -> Held:
        job = make_job(images=images)
        held = Held(
            make_message(job.to_json()),
            job,
            Lease(lambda _seconds: None, 60),
            Progress(lambda _text, _sketch: None),
            last=False,
            batch_key=key,
            capacity=capacity,
        )
        self.holdings.add(held)
        return held

    def ready(self, **facts: object) -> Held:
        held = self.take(**facts)  # type: ignore[arg-type]  # as `take` has them
        assert self.holdings.make_ready(held)
        return held

    def poll(self) -> int | None:
        return self.holdings.wait_to_receive(LEAD, 0.0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_worker_with_nothing_to_do_polls_as_long_as_usual(desk: Desk) -> None:
    assert desk.poll() is None


def test_with_a_job_at_hand_more_of_its_batch_are_looked_for_without_waiting(desk: Desk) -> None:
    desk.take()
    assert desk.poll() == 0


def test_an_empty_poll_is_not_repeated_at_once(desk: Desk) -> None:
    desk.take()
    desk.holdings.found_none()
    assert desk.poll() == NOTHING_TO_FETCH
    desk.now += 0.5
    assert desk.poll() == 0


def test_a_message_says_that_there_may_be_more(desk: Desk) -> None:
    desk.holdings.found_none()
    desk.take()
    assert desk.poll() == 0


def test_nothing_is_fetched_for_a_batch_that_is_full(desk: Desk) -> None:
    desk.take(images=3)
    assert desk.poll() == 0
    desk.take(images=1)
    assert desk.poll() == NOTHING_TO_FETCH


@pytest.mark.parametrize("other", [{"key": "b"}, {"images": 4}], ids=["differs", "does not fit"])
def test_one_job_that_is_no_part_of_the_batch_is_the_last_that_is_fetched(
    desk: Desk, other: dict[str, object]
) -> None:
    desk.take()
    desk.take(**other)  # type: ignore[arg-type]  # as `take` has them
    assert desk.poll() == NOTHING_TO_FETCH


def test_while_a_batch_is_drawn_the_next_job_is_fetched_just_in_time(desk: Desk) -> None:
    desk.ready()
    desk.holdings.next_batch()
    assert desk.poll() == NOTHING_TO_FETCH, "nobody knows how long it takes"
    desk.holdings.drawing_for(10)
    desk.now += 7.9
    assert desk.poll() == NOTHING_TO_FETCH
    desk.now += 0.1
    assert desk.poll() == 1, "what comes later is for whoever is idle"


def test_a_batch_that_has_been_drawn_holds_nothing_up(desk: Desk) -> None:
    [held] = (desk.ready(), desk.holdings.next_batch())[1]
    held.stage = Stage.DELIVERING
    desk.holdings.drawing_for(0)
    assert desk.poll() is None


def test_a_worker_that_cannot_get_rid_of_its_answers_takes_no_more(desk: Desk) -> None:
    for _ in range(MOST_HELD):
        desk.take().stage = Stage.DELIVERING
    assert desk.poll() == NOTHING_TO_FETCH
    desk.holdings.end(desk.holdings.all()[0])
    assert desk.poll() is None


def test_the_oldest_job_is_drawn_first_with_those_that_agree(desk: Desk) -> None:
    first, _other, third = desk.ready(), desk.ready(key="b"), desk.ready()
    assert desk.holdings.next_batch() == [first, third]
    assert {one.stage for one in (first, third)} == {Stage.DRAWING}


def test_a_batch_holds_no_more_pictures_than_fit_but_one_job_always(desk: Desk) -> None:
    large = desk.ready(images=4, capacity=2)
    second, third, small = desk.ready(images=3), desk.ready(images=2), desk.ready(images=1)
    assert desk.holdings.next_batch() == [large]
    assert desk.holdings.next_batch() == [second, small]
    assert desk.holdings.next_batch() == [third]


def test_a_job_that_is_not_prepared_holds_nobody_up(desk: Desk) -> None:
    desk.take()
    ready = desk.ready()
    assert desk.holdings.next_batch() == [ready]


def test_once_closed_nothing_is_fetched_or_begun(desk: Desk) -> None:
    ready, preparing = desk.ready(), desk.take()
    assert desk.holdings.close() == [ready]
    assert desk.holdings.next_batch() == []
    assert desk.poll() == NOTHING_TO_FETCH
    assert not desk.holdings.make_ready(preparing)


def test_each_job_is_guarded_from_its_receipt_to_its_end(desk: Desk) -> None:
    held = desk.take()
    assert desk.count.held == 1
    desk.holdings.end(held)
    desk.holdings.end(held)
    assert desk.count.held == 0
