"""A wait ends at its moment, whether time is moved meanwhile or goes on by itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ecs_fleet_emulator.clock.moved_clock import Clock
from ecs_fleet_emulator.clock.waits import Waits

HOUR = 3600.0
LONG = 20.0
"""Real seconds that a busy machine may take; far less than what is waited for."""


class ObservedEvent(threading.Event):
    """Says when a thread begins to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_for = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        with self._cond:  # as the base: nobody sets it between the notice and the wait
            self.waited_for.release()
            return self._cond.wait(timeout)


class Waiting:
    """A thread that waits for an hour."""

    def __init__(self, waits: Waits, pool: ThreadPoolExecutor) -> None:
        self.event, self.goes_on = ObservedEvent(), True
        self.ended: Future[None] = pool.submit(
            waits.wait, HOUR, "execution", self.event, lambda: self.goes_on
        )
        self.begins()

    def begins(self) -> None:
        assert self.event.waited_for.acquire(timeout=LONG)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits(clock: Clock) -> Waits:
    return Waits(clock)


@pytest.fixture
def waiting(waits: Waits) -> Iterator[Waiting]:
    with ThreadPoolExecutor() as pool:
        waiting = Waiting(waits, pool)
        yield waiting
        waiting.goes_on = False
        waiting.event.set()


def test_what_is_left_is_shorter_after_time_was_moved(clock: Clock, waiting: Waiting) -> None:
    clock.moved += HOUR / 2
    clock.resume()
    waiting.begins()  # for the other half
    assert not waiting.ended.done()
    clock.moved += HOUR / 2
    clock.resume()
    waiting.ended.result(LONG)


def test_whose_moment_has_come_is_woken(clock: Clock, waits: Waits, waiting: Waiting) -> None:
    assert waits.due() == pytest.approx(clock.monotonic() + HOUR, abs=LONG)
    assert waits.owners() == {"execution"}
    assert not waits.wake_due()
    clock.moved += HOUR
    assert waits.wake_due()
    waiting.ended.result(LONG)
    assert (waits.due(), waits.owners(), waits.wake_due()) == (None, set(), False)


def test_a_wait_may_end_before_its_moment(waits: Waits, waiting: Waiting) -> None:
    waiting.goes_on = False
    waiting.event.set()
    waiting.ended.result(LONG)
    assert waits.due() is None
