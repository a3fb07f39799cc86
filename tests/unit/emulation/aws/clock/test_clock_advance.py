"""Time moves from one due moment to the next, and waits for the reactions to each."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ecs_fleet_emulator.clock.advance import Advancer
from ecs_fleet_emulator.clock.moved_clock import Clock
from ecs_fleet_emulator.clock.sources import Counts
from ecs_fleet_emulator.clock.timers import Timers
from ecs_fleet_emulator.errors import ClockError
from ecs_fleet_emulator.publishing import Tally
from emulation.rig.waiting import wait_until

QUARTER = 900.0
LONG = 60.0
"""Real seconds that a busy machine may take."""


class MovedClock(Clock):
    """A clock that stands still until it is moved, and leaves the process its wall clock."""

    def monotonic(self) -> float:
        return self.moved

    def move(self, seconds: float) -> None:
        self.moved += seconds

    def check_can_move(self) -> None:
        """It can."""


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def timers(clock: MovedClock) -> Iterator[Timers]:
    timers = Timers("test", clock)
    yield timers
    for timer in list(timers._timers):
        timer.cancel()


def test_a_late_action_runs_once_and_then_after_its_period(
    clock: MovedClock, timers: Timers
) -> None:
    runs: list[float] = []
    timers.start(lambda: runs.append(clock.monotonic()), after=100, period=100)
    clock.moved += 350
    assert not timers.run_due()
    assert len(runs) == 1
    assert timers.due() == runs[0] + 100


def test_counts_are_published_before_time_moves_on(clock: MovedClock) -> None:
    began, published = clock.monotonic(), list[tuple[dict[str, int], float]]()

    def publish(counts: Counter[str]) -> None:
        published.append((dict(counts), clock.monotonic() - began))

    tally = Tally(publish, QUARTER)
    tally.add("errors")
    Advancer(clock, {"counts": Counts(tally.flush)}).advance(QUARTER)
    assert published == [({"errors": 1}, 0)]


def test_each_action_runs_at_its_moment_and_not_at_the_end(
    clock: MovedClock, timers: Timers
) -> None:
    began, runs = clock.monotonic(), list[tuple[str, float]]()

    def note(name: str) -> bool:
        runs.append((name, clock.monotonic() - began))
        return False

    timers.start(lambda: note("alarm"), after=10, period=300)
    timers.start(lambda: note("rule"), after=600)
    passed = Advancer(clock, {"timers": timers}).advance(QUARTER)
    assert [name for name, _ in runs] == ["alarm", "alarm", "rule", "alarm"]
    assert [at for _, at in runs] == pytest.approx([10, 310, 600, 610])
    assert clock.monotonic() - began == pytest.approx(QUARTER)
    assert passed.moments == {"timers": 4}


def test_what_is_begun_meanwhile_is_part_of_the_time(clock: MovedClock, timers: Timers) -> None:
    began, runs = clock.monotonic(), list[float]()

    def chain() -> bool:
        runs.append(clock.monotonic() - began)
        timers.start(chain, after=200)
        return True

    timers.start(chain, after=200)
    Advancer(clock, {"timers": timers}).advance(QUARTER)
    assert runs == pytest.approx([200, 400, 600, 800])


class Reaction:
    """Something that a timer begins, and that takes real time."""

    def __init__(self) -> None:
        self.going_on = False

    def due(self) -> float | None:
        return None

    def run_due(self) -> bool:
        return False

    def busy(self) -> str:
        return "a function that runs" if self.going_on else ""


class EagerThread(MovedClock):
    """A clock with timers whose thread runs what is due before the mover of the clock does."""

    timers: Timers

    def move(self, seconds: float) -> None:
        super().move(seconds)
        self.resume()
        wait_until(lambda: (self.timers.due() or math.inf) > self.moved, "the thread has run it")


@pytest.mark.parametrize("kind", [MovedClock, EagerThread])
def test_time_waits_for_a_reaction(kind: type[MovedClock]) -> None:
    clock = kind()
    timers = Timers("test", clock)
    if isinstance(clock, EagerThread):
        clock.timers = timers
    reaction, ends = Reaction(), list[float]()

    def end() -> None:
        ends.append(clock.moved)
        reaction.going_on = False

    def begin() -> bool:
        reaction.going_on = True
        threading.Timer(0.05, end).start()
        return True

    timers.start(begin, after=60)
    timers.start(lambda: False, after=120)
    Advancer(clock, {"timers": timers, "functions": reaction}).advance(QUARTER)
    assert ends == [60], "time stood until the function had ended"


def test_a_moment_is_known_once_the_action_that_runs_has_ended(
    clock: MovedClock, timers: Timers
) -> None:
    """Time would otherwise move beyond the action's next moment."""
    begun, may_end = threading.Event(), threading.Event()

    def act() -> None:
        begun.set()
        may_end.wait(LONG)

    timers.start(act, period=300)
    assert begun.wait(LONG)
    with ThreadPoolExecutor(1) as pool:
        due = pool.submit(timers.due)
        with suppress(TimeoutError):
            due.result(0.05)
        may_end.set()
        assert due.result(LONG) == 300


def test_a_reaction_without_end_stops_time_and_is_named(clock: MovedClock, timers: Timers) -> None:
    reaction = Reaction()

    def begin() -> bool:
        reaction.going_on = True
        return True

    began = clock.monotonic()
    timers.start(begin, after=60)
    advancer = Advancer(clock, {"timers": timers, "functions": reaction}, reaction_seconds=0.05)
    with pytest.raises(ClockError, match="a function that runs"):
        advancer.advance(QUARTER)
    assert clock.monotonic() - began == pytest.approx(60)


def test_an_action_that_fails_does_not_stop_time(clock: MovedClock, timers: Timers) -> None:
    runs = list[int]()
    timers.start(lambda: 1 // 0, after=1)
    timers.start(lambda: runs.append(1), after=2)
    Advancer(clock, {"timers": timers}).advance(10)
    assert runs == [1]


@pytest.mark.parametrize("seconds", [0, -1, 32 * 24 * 3600, float("nan")])
def test_a_time_that_makes_no_sense_is_refused(clock: MovedClock, seconds: float) -> None:
    with pytest.raises(ClockError, match="at most"):
        Advancer(clock).advance(seconds)


def test_only_one_moves_time(clock: MovedClock, timers: Timers) -> None:
    advancer = Advancer(clock, {"timers": timers})
    refused = list[str]()

    def move_again() -> bool:
        with pytest.raises(ClockError) as error:
            advancer.advance(1)
        refused.append(str(error.value))
        return False

    timers.start(move_again, after=1)
    advancer.advance(10)
    assert refused == ["time is being moved already: wait until that has ended"]


def test_without_a_file_for_other_processes_time_is_not_moved() -> None:
    with pytest.raises(ClockError, match="EMULATOR_CLOCK"):
        Advancer(Clock()).advance(1)


def test_timers_run_by_themselves_while_nobody_moves_time() -> None:
    ran = threading.Event()
    Timers("test", Clock()).start(ran.set, after=0.01)
    assert ran.wait(LONG)


def test_threads_hear_that_time_was_moved(clock: MovedClock, timers: Timers) -> None:
    ran = threading.Event()
    timers.start(ran.set, after=3600)
    clock.move(3600)
    clock.resume()
    assert ran.wait(LONG)


def test_a_clock_says_how_far_it_was_moved(tmp_path: Path) -> None:
    clock = Clock.from_environ({"EMULATOR_CLOCK": str(tmp_path / "state" / "clock")})
    assert (tmp_path / "state" / "clock").read_bytes() == bytes(8)
    assert clock.variables()["EMULATOR_CLOCK"] == str(tmp_path / "state" / "clock")
    assert Clock.from_environ({}).variables() == {}
    assert clock.monotonic_of(time.time() + QUARTER) - clock.monotonic() == pytest.approx(
        QUARTER, abs=LONG
    )
