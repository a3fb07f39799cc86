"""Waiting for a condition leaves the processor to what is waited for."""

from itertools import pairwise

import pytest

from emulation.rig import waiting
from emulation.rig.errors import DeadlineError


class Clock:
    """A clock that moves while something sleeps, or asks."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_the_result_of_a_condition_that_holds_is_returned_at_once(clock: Clock) -> None:
    assert waiting.wait_until(lambda: "found", "it") == "found"
    assert clock.now == 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.4, 3.0])
def test_a_condition_is_asked_for_a_third_of_the_time_at_most(clock: Clock, seconds: float) -> None:
    asked = 0.0

    def holds() -> bool:
        nonlocal asked
        asked += seconds
        clock.now += seconds
        return clock.now > 60

    waiting.wait_until(holds, "a minute has passed")
    assert asked <= clock.now / 3 + seconds


def test_pauses_grow_with_the_time_that_was_waited_and_stay_a_small_part_of_it(
    clock: Clock,
) -> None:
    """So that a long wait costs little, and a short one ends in time."""
    tries = []

    def holds() -> bool:
        tries.append(clock.now)
        return clock.now > 60

    waiting.wait_until(holds, "a minute has passed")
    pauses = [round(later - earlier, 6) for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.05)
    assert pauses[-1] == pytest.approx(0.5)
    assert all(pause <= max(0.051, 0.051 * at) for pause, at in zip(pauses, tries, strict=False))
    assert len(tries) < 200


def test_a_condition_that_does_not_hold_in_time_is_an_error_with_details(clock: Clock) -> None:
    with pytest.raises(DeadlineError, match="not within 5 s: it holds\nlast words"):
        waiting.wait_until(lambda: False, "it holds", 5, lambda: "last words")
    assert clock.now == pytest.approx(5, abs=0.1)
