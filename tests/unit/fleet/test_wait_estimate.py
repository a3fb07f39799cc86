"""How long a job will wait, for every state that the fleet can be in."""

import heapq
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, FleetState
from discord_diffusion.fleet.wait_estimate import (
    SOON_SECONDS,
    expected_wait,
    expected_wait_seconds,
    shortest_wait,
)
from discord_diffusion.jobs.record import WaitEstimate, WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def fleet(maximum: int = 4, jobs_at_once: int = 1) -> FleetSettings:
    return FleetSettings(ScalingTarget(10.0, jobs_at_once, 60.0, 0, maximum), boot_seconds=300.0)


def state(pace: float | None = None, **snapshot: Any) -> FleetState:
    counts = {"visible": 0, "in_flight": 0, "running": 0, "desired": 0, "wanted": 0}
    return FleetState(FleetSnapshot(**{**counts, "measured_at": NOW, **snapshot}), pace)


def estimate(of: FleetState, ahead: int = 0) -> tuple[WaitKind, float]:
    found = expected_wait(of, fleet(), ahead=ahead, now=NOW)
    assert found.due
    return found.kind, (found.due - NOW).total_seconds()


@pytest.mark.parametrize(
    "of",
    [
        FleetState(),
        state(),
        state(running=2, desired=2, measured_at=NOW - timedelta(seconds=91)),
    ],
    ids=["no snapshot", "no task", "an old snapshot"],
)
def test_a_fleet_without_a_task_in_a_fresh_snapshot_is_asleep(of: FleetState) -> None:
    assert of.is_asleep(NOW)
    assert estimate(of) == (WaitKind.ASLEEP, 310)


def test_a_start_that_began_earlier_is_over_earlier() -> None:
    starting = state(desired=1, starting_since=NOW - timedelta(seconds=120))
    assert estimate(starting) == (WaitKind.STARTING, 180 + 10)
    overdue = state(desired=1, starting_since=NOW - timedelta(seconds=900))
    assert estimate(overdue) == (WaitKind.STARTING, SOON_SECONDS + 10)


@pytest.mark.parametrize("since_start", [0.25, -3])
def test_a_start_that_began_just_now_or_by_another_clock_takes_its_whole_time(
    since_start: float,
) -> None:
    starting = state(desired=1, starting_since=NOW - timedelta(seconds=since_start))
    assert estimate(starting) == (WaitKind.STARTING, 310 - max(0.0, since_start))


def test_all_tasks_that_start_shorten_the_wait() -> None:
    assert estimate(state(desired=3, starting_since=NOW), ahead=3) == (WaitKind.STARTING, 320)
    assert estimate(state(running=1, desired=3), ahead=60) == (WaitKind.TURN, 410)


def test_tasks_that_start_work_at_once_unless_it_is_said_when() -> None:
    assert expected_wait_seconds(1, running=0, starting=2, seconds_per_job=10) == 10


def test_the_whole_start_lies_ahead_while_aws_has_no_instance() -> None:
    since = NOW - timedelta(seconds=280)
    denied = state(desired=1, starting_since=since, launch_failed_at=NOW)
    assert estimate(denied) == (WaitKind.NO_CAPACITY, 310)


def test_running_workers_draw_at_the_pace_that_was_measured() -> None:
    running = {"running": 2, "desired": 2}
    assert estimate(state(**running), ahead=5) == (WaitKind.TURN, 30)
    assert estimate(state(4.0, **running), ahead=5) == (WaitKind.TURN, 12)


def test_a_paused_fleet_has_no_estimate_unless_workers_run() -> None:
    paused = expected_wait(state(), fleet(0), ahead=3, now=NOW)
    assert (paused.kind, paused.ahead, paused.due) == (WaitKind.UNKNOWN, 3, None)
    running = expected_wait(state(running=1, desired=1), fleet(0), ahead=0, now=NOW)
    assert running.kind is WaitKind.TURN


def test_a_paused_fleet_with_a_task_asked_for_that_does_not_run_has_no_estimate() -> None:
    starting = expected_wait(state(desired=1), fleet(0), ahead=3, now=NOW)
    assert starting == WaitEstimate(WaitKind.UNKNOWN, 3, None)


@pytest.mark.parametrize(("jobs_ahead", "waited"), [(0, 10), (7, 10), (8, 20), (16, 30)])
def test_workers_that_draw_jobs_together_shorten_the_wait(jobs_ahead: int, waited: int) -> None:
    running = state(running=2, desired=2)
    expected = expected_wait(running, fleet(2, jobs_at_once=4), ahead=jobs_ahead, now=NOW)
    due = NOW + timedelta(seconds=waited)
    assert expected == WaitEstimate(WaitKind.TURN, jobs_ahead, due)
    assert shortest_wait(running, fleet(2, jobs_at_once=4), ahead=jobs_ahead, now=NOW) == expected


def test_the_shortest_wait_is_that_of_the_largest_fleet() -> None:
    one = state(running=1, desired=1)
    expected = expected_wait(one, fleet(), ahead=100, now=NOW)
    shortest = shortest_wait(one, fleet(), ahead=100, now=NOW)
    assert expected.due
    assert shortest.due
    assert expected.due - NOW == timedelta(seconds=1010)
    assert shortest.due < NOW + timedelta(seconds=600)
    in_time = NOW + timedelta(seconds=700)
    assert not expected.fits(in_time)
    assert shortest.fits(in_time)


def test_the_shortest_wait_of_a_paused_fleet_is_that_of_one_job() -> None:
    shortest = shortest_wait(state(), fleet(0), ahead=50, now=NOW)
    assert shortest.fits(NOW + timedelta(seconds=26))
    assert not shortest.fits(NOW + timedelta(seconds=24))


ahead = st.integers(0, 300)
tasks = st.integers(0, 12)
seconds = st.integers(1, 120).map(float)
boots = st.integers(0, 900).map(float)
at_once = st.integers(1, 4)


def simulated(
    jobs_ahead: int, running: int, starting: int, boot: float, job: float, at_once: int
) -> float:
    """The wait by simulation: the task that is free first takes the next jobs."""
    free = [0.0] * running + [boot] * starting
    heapq.heapify(free)
    done = 0
    while True:
        finish = heapq.heappop(free) + job
        done += at_once
        if done > jobs_ahead:
            return finish
        heapq.heappush(free, finish)


@given(ahead, tasks, tasks, boots, seconds, at_once)
def test_the_wait_is_that_of_tasks_that_each_take_the_next_job_when_free(
    jobs_ahead: int, running: int, starting: int, boot: float, job: float, jobs_at_once: int
) -> None:
    assume(running + starting > 0)
    got = expected_wait_seconds(
        jobs_ahead,
        running=running,
        starting=starting,
        seconds_until_started=boot,
        seconds_per_job=job,
        jobs_at_once=jobs_at_once,
    )
    expected = simulated(jobs_ahead, running, starting, boot, job, jobs_at_once)
    assert got == pytest.approx(expected)


@given(ahead, tasks, tasks, boots, seconds, st.integers(0, 50))
def test_a_wait_is_never_shorter_with_more_jobs_ahead_or_fewer_tasks(
    jobs_ahead: int, running: int, starting: int, boot: float, job: float, more: int
) -> None:
    def wait(jobs: int, run: int, start: int) -> float:
        return expected_wait_seconds(
            jobs, running=run, starting=start, seconds_until_started=boot, seconds_per_job=job
        )

    now = wait(jobs_ahead, running, starting)
    assert wait(jobs_ahead + more, running, starting) >= now
    assert wait(jobs_ahead, running + more, starting) <= now
    assert wait(jobs_ahead, running, starting + more) <= now
    assert now >= job


def test_without_a_task_the_wait_never_ends() -> None:
    assert expected_wait_seconds(0, running=0, seconds_per_job=10) == math.inf


def test_the_wait_of_a_long_queue_is_found_without_counting_through_it() -> None:
    wait = expected_wait_seconds(120_000_000, running=1000, seconds_per_job=10)
    assert wait == pytest.approx(120_001 * 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"jobs_ahead": -1},
        {"running": -1},
        {"starting": -1},
        {"seconds_per_job": 0},
        {"jobs_at_once": 0},
        {"seconds_until_started": -1},
    ],
)
def test_an_argument_that_makes_no_sense_is_refused_by_name(wrong: dict[str, int]) -> None:
    arguments = {"jobs_ahead": 0, "running": 1, "seconds_per_job": 10, **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        expected_wait_seconds(arguments.pop("jobs_ahead"), **arguments)


@given(st.floats(0, 2000))
def test_a_wait_fits_only_if_the_answer_can_be_sent_before_the_token_expires(wait: float) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    due = now + timedelta(seconds=wait)
    estimate = WaitEstimate(WaitKind.TURN, 0, due)
    assert estimate.fits(now + timedelta(minutes=15)) == (due - now <= timedelta(seconds=885))


def test_an_unknown_wait_always_fits() -> None:
    assert WaitEstimate(WaitKind.UNKNOWN, 0, None).fits(datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_the_estimates_import_the_standard_library_only() -> None:
    script = (
        "import sys; from discord_diffusion.fleet import demand, wait_estimate; "
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('numpy', 'boto3', 'torch', 'matplotlib', 'httpx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
