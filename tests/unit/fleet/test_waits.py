"""What a user is told of the wait, for every state the fleet can be in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.state import (
    BootPhases,
    FleetSettings,
    FleetSnapshot,
    FleetState,
    Phase,
)
from discord_diffusion.fleet.wait_estimate import (
    SOON_SECONDS,
    expected_wait,
    shortest_wait,
)
from discord_diffusion.jobs.record import WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOOT = BootPhases((Phase("instance", 200.0, "test"), Phase("worker", 100.0, "test")))


def size(maximum: int = 4) -> FleetSettings:
    return FleetSettings(ScalingTarget(10.0, 1, 60.0, 0, maximum), BOOT)


def state(pace: float | None = None, **look: Any) -> FleetState:
    counts = {"visible": 0, "in_flight": 0, "running": 0, "desired": 0, "wanted": 0}
    return FleetState(FleetSnapshot(**{**counts, "measured_at": NOW, **look}), pace)


def seconds(of: FleetState, ahead: int = 0) -> tuple[WaitKind, float]:
    found = expected_wait(of, size(), ahead=ahead, now=NOW)
    assert found.due
    return found.kind, (found.due - NOW).total_seconds()


@pytest.mark.parametrize(
    "of",
    [
        FleetState(),
        state(),
        state(running=2, desired=2, measured_at=NOW - timedelta(seconds=91)),
    ],
    ids=["never looked at", "no task", "an old look"],
)
def test_a_fleet_of_which_nothing_is_known_to_run_is_asleep(of: FleetState) -> None:
    assert of.is_asleep(NOW)
    assert seconds(of) == (WaitKind.ASLEEP, 310)


def test_a_start_is_shorter_by_what_has_passed_of_it() -> None:
    starting = state(desired=1, starting_since=NOW - timedelta(seconds=120))
    assert seconds(starting) == (WaitKind.STARTING, 180 + 10)
    overdue = state(desired=1, starting_since=NOW - timedelta(seconds=900))
    assert seconds(overdue) == (WaitKind.STARTING, SOON_SECONDS + 10)


def test_without_an_instance_the_whole_start_is_still_to_come() -> None:
    since = NOW - timedelta(seconds=280)
    denied = state(desired=1, starting_since=since, launch_failed_at=NOW)
    assert seconds(denied) == (WaitKind.NO_CAPACITY, 310)


def test_workers_that_run_take_turns_at_the_pace_that_was_measured() -> None:
    running = {"running": 2, "desired": 2}
    assert seconds(state(**running), ahead=5) == (WaitKind.TURN, 30)
    assert seconds(state(4.0, **running), ahead=5) == (WaitKind.TURN, 12)


def test_of_a_paused_fleet_nothing_is_promised_unless_workers_run() -> None:
    paused = expected_wait(state(), size(0), ahead=3, now=NOW)
    assert (paused.kind, paused.ahead, paused.due) == (WaitKind.UNKNOWN, 3, None)
    running = expected_wait(state(running=1, desired=1), size(0), ahead=0, now=NOW)
    assert running.kind is WaitKind.TURN


def test_a_job_is_hopeless_only_if_the_largest_fleet_could_not_finish_it_in_time() -> None:
    one = state(running=1, desired=1)
    expected = expected_wait(one, size(), ahead=100, now=NOW)
    shortest = shortest_wait(one, size(), ahead=100, now=NOW)
    assert expected.due
    assert shortest.due
    assert expected.due - NOW == timedelta(seconds=1010)
    assert shortest.due < NOW + timedelta(seconds=600)
    in_time = NOW + timedelta(seconds=700)
    assert not expected.fits(in_time)
    assert shortest.fits(in_time)


def test_where_nothing_is_known_of_the_workers_one_may_take_the_job_at_once() -> None:
    shortest = shortest_wait(state(), size(0), ahead=50, now=NOW)
    assert shortest.fits(NOW + timedelta(seconds=26))
    assert not shortest.fits(NOW + timedelta(seconds=24))
