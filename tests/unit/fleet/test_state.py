"""What the functions read from the fleet's state: is it asleep, stopped, or starting?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from discord_diffusion.fleet.demand import Observation, ScalingTarget
from discord_diffusion.fleet.pace import FORGOTTEN_AFTER, DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import (
    LAUNCH_MARGIN,
    STALE,
    FleetSettings,
    FleetSnapshot,
    FleetState,
    Stop,
)
from discord_diffusion.fleet.work import Work
from discord_diffusion.jobs.record import WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
PAUSE = Stop(WaitKind.FAILED_STARTS, NOW + A_MOMENT)
CAP = Stop(WaitKind.INSTANCE_HOURS, NOW + A_MOMENT)


def snapshot(*, running: int = 0, desired: int = 0, age: timedelta = timedelta(0)) -> FleetSnapshot:
    return FleetSnapshot(3, 2, running, desired, 4, NOW - age)


def test_a_snapshot_is_used_for_90_seconds() -> None:
    assert timedelta(seconds=90) == STALE
    assert not snapshot(age=STALE).is_stale(NOW)
    assert snapshot(age=STALE + A_MOMENT).is_stale(NOW)


@pytest.mark.parametrize(
    ("state", "asleep"),
    [
        (FleetState(), True),
        (FleetState(snapshot(desired=0)), True),
        (FleetState(snapshot(desired=1)), False),
        (FleetState(snapshot(desired=2, running=2)), False),
        (FleetState(snapshot(desired=2, running=2, age=STALE + A_MOMENT)), True),
    ],
)
def test_a_fleet_is_asleep_unless_a_fresh_snapshot_has_a_task(
    state: FleetState, asleep: bool
) -> None:
    assert state.is_asleep(NOW) is asleep


@pytest.mark.parametrize(
    ("state", "stopped"),
    [
        (FleetState(), None),
        (FleetState(snapshot(running=1, desired=1)), None),
        (FleetState(stop=PAUSE), PAUSE),
        (FleetState(snapshot(running=0, desired=1), stop=PAUSE), PAUSE),
        (FleetState(snapshot(running=1, desired=1), stop=PAUSE), None),
        (FleetState(snapshot(running=1, desired=1, age=STALE + A_MOMENT), stop=PAUSE), PAUSE),
        (FleetState(snapshot(running=1, desired=1), stop=CAP), CAP),
        (FleetState(stop=Stop(WaitKind.INSTANCE_HOURS, NOW)), None),
    ],
    ids=[
        "never written",
        "no stop",
        "a pause",
        "a pause in which no task runs",
        "a pause in which a task goes on",
        "a pause, and a task that ran long ago",
        "a cap, whatever runs",
        "a stop that is over",
    ],
)
def test_a_job_cannot_be_drawn_while_no_task_may_be_started_and_none_runs(
    state: FleetState, stopped: Stop | None
) -> None:
    assert state.stopped(NOW) == stopped


def test_a_snapshot_says_what_starts_and_which_launches_are_made_for_it() -> None:
    counted = replace(snapshot(running=1, desired=3), work=Work(4, 2, 9))
    assert counted.observation == Observation(Work(4, 2, 9), 2, 1, 2)
    assert (counted.pending, counted.messages) == (2, 5)
    assert snapshot(running=3, desired=1).pending == 0
    assert snapshot().work == Work()
    assert snapshot(running=3, desired=1).observation == Observation(Work(), 2, 3, 0)
    found = [snapshot(running=r, desired=d).starting for r, d in ((0, 0), (0, 1), (1, 1), (1, 2))]
    assert found == [False, True, False, False]
    assert snapshot().launches_since == NOW - LAUNCH_MARGIN
    since = FleetSnapshot(0, 0, 0, 1, 1, NOW, starting_since=NOW - timedelta(minutes=5))
    assert since.launches_since == NOW - timedelta(minutes=5) - LAUNCH_MARGIN


def test_a_deployment_that_may_start_no_task_is_paused() -> None:
    def settings(maximum: int) -> FleetSettings:
        return FleetSettings(ScalingTarget(10.0, 1, 60.0, 0, maximum), boot_seconds=300.0)

    assert settings(0).paused
    assert not settings(1).paused


@pytest.mark.parametrize(
    ("pace", "seconds"),
    [
        (None, 10.0),
        (MeasuredPace((), NOW), 10.0),
        (MeasuredPace((DrawnBatch(15.9, 15.9),), NOW), 10.0),
        (MeasuredPace((DrawnBatch(16, 16),), NOW), 1.0),
        (MeasuredPace((DrawnBatch(16, 16),), NOW - FORGOTTEN_AFTER), 1.0),
        (MeasuredPace((DrawnBatch(16, 16),), NOW - FORGOTTEN_AFTER - A_MOMENT), 10.0),
    ],
)
def test_the_pace_is_as_configured_until_enough_was_measured_in_the_last_day(
    pace: MeasuredPace | None, seconds: float
) -> None:
    """A usual job costs 2 units and takes 20 s; eight of them weigh as much as is measured."""
    target = ScalingTarget(20, 1, 60, minimum=0, maximum=4, units_per_job=2)
    assert FleetState(pace=pace).seconds_per_unit(target, NOW) == seconds
