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
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, FleetState, Stop
from discord_diffusion.fleet.wait_estimate import (
    SOON_SECONDS,
    expected_wait,
    seconds_until_begun,
    shortest_wait,
)
from discord_diffusion.fleet.work import WorkAhead
from discord_diffusion.jobs.record import WaitEstimate, WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def fleet(maximum: int = 4) -> FleetSettings:
    return FleetSettings(ScalingTarget(10.0, 1, 60.0, 0, maximum), boot_seconds=300.0)


def state(pace: float | None = None, **snapshot: Any) -> FleetState:
    """A fleet whose last snapshot was taken just now; `pace` is the seconds a unit as measured."""
    counts = {"visible": 0, "in_flight": 0, "running": 0, "desired": 0, "wanted": 0}
    measured = MeasuredPace((DrawnBatch(100, 100 * pace),), NOW) if pace else None
    return FleetState(FleetSnapshot(**{**counts, "measured_at": NOW, **snapshot}), measured)


def jobs(number: int, units: float = 1.0, own: float = 0.0) -> WorkAhead:
    return WorkAhead(number, number * units, own)


def estimate(
    of: FleetState, ahead: WorkAhead | None = None, units: float = 1.0
) -> tuple[WaitKind, float]:
    found = expected_wait(of, fleet(), ahead=ahead or WorkAhead(), units=units, now=NOW)
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
    starting = state(desired=3, starting_since=NOW)
    assert estimate(starting, jobs(3)) == (WaitKind.STARTING, 300 + 10 + 10)
    # The one that runs draws 30 of 60 jobs until two more take part in the other 30.
    assert estimate(state(running=1, desired=3), jobs(60)) == (WaitKind.TURN, 300 + 100 + 10)


def test_the_whole_start_lies_ahead_while_aws_has_no_instance() -> None:
    since = NOW - timedelta(seconds=280)
    denied = state(desired=1, starting_since=since, launch_failed_at=NOW)
    assert estimate(denied) == (WaitKind.NO_CAPACITY, 310)


def test_running_workers_draw_at_the_pace_that_was_measured() -> None:
    running = {"running": 2, "desired": 2}
    assert estimate(state(**running), jobs(6)) == (WaitKind.TURN, 40)
    assert estimate(state(4.0, **running), jobs(6)) == (WaitKind.TURN, 16)


def test_the_wait_follows_the_work_ahead_and_not_the_number_of_jobs() -> None:
    one = state(running=1, desired=1)
    assert estimate(one, jobs(2, units=30)) == (WaitKind.TURN, 610)
    assert estimate(one, jobs(30, units=2)) == (WaitKind.TURN, 610)
    assert estimate(one, jobs(2, units=0.5)) == (WaitKind.TURN, 20)
    assert estimate(one, jobs(2), units=7) == (WaitKind.TURN, 90)
    found = expected_wait(one, fleet(), ahead=jobs(2, units=30), units=1, now=NOW)
    assert found.ahead == 2


def test_the_jobs_of_one_user_are_drawn_one_after_the_other_however_many_tasks_there_are() -> None:
    running, asleep = state(running=4, desired=4), state()
    assert estimate(running, jobs(8)) == (WaitKind.TURN, 30)
    assert estimate(running, jobs(8, own=5)) == (WaitKind.TURN, 60)
    assert estimate(running, jobs(8, own=1)) == (WaitKind.TURN, 30)
    assert estimate(asleep, jobs(1, own=1)) == (WaitKind.ASLEEP, 320)


def test_a_paused_fleet_has_no_estimate_unless_workers_run() -> None:
    paused = expected_wait(state(), fleet(0), ahead=jobs(3), units=1, now=NOW)
    assert (paused.kind, paused.ahead, paused.due) == (WaitKind.UNKNOWN, 3, None)
    running = expected_wait(state(running=1, desired=1), fleet(0), ahead=jobs(0), units=1, now=NOW)
    assert running.kind is WaitKind.TURN


def test_a_paused_fleet_with_a_task_asked_for_that_does_not_run_has_no_estimate() -> None:
    starting = expected_wait(state(desired=1), fleet(0), ahead=jobs(3), units=1, now=NOW)
    assert starting == WaitEstimate(WaitKind.UNKNOWN, 3, None)


def test_the_shortest_wait_is_that_of_the_largest_fleet() -> None:
    one = state(running=1, desired=1)
    expected = expected_wait(one, fleet(), ahead=jobs(100), units=1, now=NOW)
    shortest = shortest_wait(one, fleet(), ahead=jobs(100), units=1, now=NOW)
    assert expected == WaitEstimate(WaitKind.TURN, 100, NOW + timedelta(seconds=1010))
    # One task draws 30 units until three more take part in the other 70.
    assert shortest == WaitEstimate(WaitKind.TURN, 100, NOW + timedelta(seconds=300 + 175 + 10))
    full = state(running=4, desired=4)
    assert shortest_wait(full, fleet(), ahead=jobs(8), units=1, now=NOW) == expected_wait(
        full, fleet(), ahead=jobs(8), units=1, now=NOW
    )


def test_while_no_task_may_be_started_the_wait_ends_when_one_may_again() -> None:
    until = NOW + timedelta(hours=1)
    for kind, due in ((WaitKind.FAILED_STARTS, until), (WaitKind.UNKNOWN, None)):
        stopped = FleetState(stop=Stop(kind, until))
        found = expected_wait(stopped, fleet(), ahead=jobs(3), units=1, now=NOW)
        assert found == WaitEstimate(kind, 3, due)


def test_the_shortest_wait_of_a_paused_fleet_is_that_of_the_job_alone() -> None:
    shortest = shortest_wait(state(), fleet(0), ahead=jobs(50), units=3, now=NOW)
    assert shortest == WaitEstimate(WaitKind.UNKNOWN, 50, NOW + timedelta(seconds=30))
    measured = shortest_wait(state(2.0), fleet(0), ahead=jobs(50), units=3, now=NOW)
    assert measured.due == NOW + timedelta(seconds=6)


tasks = st.integers(0, 12)
boots = st.integers(0, 900).map(float)
lengths = st.lists(st.integers(1, 120).map(float), max_size=60)


def simulated(ahead: list[float], running: int, starting: int, boot: float) -> float:
    """When a task is free for the job behind those of these lengths, by simulation."""
    free = [0.0] * running + [boot] * starting
    heapq.heapify(free)
    for seconds in ahead:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return heapq.heappop(free)


@given(lengths, tasks, tasks, boots)
def test_a_job_begins_when_tasks_that_each_take_the_next_job_are_free_or_up_to_a_job_earlier(
    ahead: list[float], running: int, starting: int, boot: float
) -> None:
    assume(running + starting > 0)
    got = seconds_until_begun(
        sum(ahead), running=running, starting=starting, seconds_until_started=boot
    )
    begun = simulated(ahead, running, starting, boot)
    longest = max(ahead, default=0.0)
    assert begun <= got + 1e-6
    assert got <= begun + longest + 1e-6


@given(st.integers(0, 30_000).map(float), tasks, tasks, boots, st.integers(0, 5000).map(float))
def test_a_wait_is_never_shorter_with_more_work_ahead_or_fewer_tasks(
    ahead: float, running: int, starting: int, boot: float, more: float
) -> None:
    def wait(seconds: float, run: int, start: int, own: float = 0.0) -> float:
        return seconds_until_begun(
            seconds, own_seconds=own, running=run, starting=start, seconds_until_started=boot
        )

    now = wait(ahead, running, starting)
    almost = now - 1e-6
    assert wait(ahead + more, running, starting) >= almost
    assert wait(ahead + more, running, starting, own=more) >= almost
    assert wait(ahead, running + 1, starting) <= now + 1e-6
    assert wait(ahead, running, starting + 1) <= now + 1e-6


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ({"seconds_ahead": 90, "running": 3}, 30),
        ({"seconds_ahead": 90, "starting": 3, "seconds_until_started": 7}, 37),
        ({"seconds_ahead": 20, "running": 2, "starting": 3, "seconds_until_started": 10}, 10),
        ({"seconds_ahead": 19, "running": 2, "starting": 3, "seconds_until_started": 10}, 9.5),
        ({"seconds_ahead": 45, "running": 2, "starting": 3, "seconds_until_started": 10}, 15),
        ({"seconds_ahead": 45, "running": 2, "seconds_until_started": 10}, 22.5),
        ({"seconds_ahead": 40, "starting": 2}, 20),
        ({"seconds_ahead": 0, "starting": 2, "seconds_until_started": 10}, 10),
        ({"seconds_ahead": 40, "own_seconds": 21, "running": 2}, 21),
        ({"seconds_ahead": 40, "own_seconds": 19, "running": 2}, 20),
        ({"seconds_ahead": 9, "own_seconds": 9, "starting": 3, "seconds_until_started": 7}, 16),
        (
            {"seconds_ahead": 9, "own_seconds": 9, "running": 1, "seconds_until_started": 7},
            9,
        ),
    ],
)
def test_work_is_shared_by_the_tasks_that_run_and_later_by_those_that_start(
    arguments: dict[str, float], seconds: float
) -> None:
    assert seconds_until_begun(**({"running": 0} | arguments)) == seconds  # type: ignore[arg-type]


def test_without_a_task_the_wait_never_ends() -> None:
    assert seconds_until_begun(0, running=0) == math.inf


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds_ahead": -1},
        {"seconds_ahead": math.nan},
        {"own_seconds": -1},
        {"running": -1},
        {"starting": -1},
        {"seconds_until_started": -1},
    ],
    ids=str,
)
def test_an_argument_that_makes_no_sense_is_refused_by_name(wrong: dict[str, float]) -> None:
    arguments = {"seconds_ahead": 0, "running": 1, **wrong}
    with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} is .*; it must be at least 0$"):
        seconds_until_begun(**arguments)  # type: ignore[arg-type]  # counts are ints


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
