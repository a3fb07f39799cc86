"""What a user is told about the wait."""

import heapq
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from discord_diffusion.fleet.state import BootPhases, Phase
from discord_diffusion.fleet.wait_estimate import expected_wait_seconds
from discord_diffusion.jobs.record import WaitEstimate, WaitKind

ahead = st.integers(0, 300)
tasks = st.integers(0, 12)
seconds = st.integers(1, 120).map(float)
boots = st.integers(0, 900).map(float)
at_once = st.integers(1, 4)


def simulated(
    jobs_ahead: int, running: int, starting: int, boot: float, job: float, at_once: int
) -> float:
    """The same by hand: whichever task is free first takes the next jobs."""
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
def test_nobody_waits_less_for_being_further_back_or_for_fewer_tasks(
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


def test_a_sleeping_fleet_adds_its_boot_phases() -> None:
    boot = BootPhases((Phase("launch", 75, "a"), Phase("pull", 100, "b")))
    wait = expected_wait_seconds(
        0,
        running=0,
        starting=1,
        seconds_until_started=boot.total_seconds,
        seconds_per_job=10,
    )
    assert wait == 185


def test_a_long_queue_is_answered_without_counting_through_it() -> None:
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
def test_a_wait_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    arguments = {"jobs_ahead": 0, "running": 1, "seconds_per_job": 10, **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        expected_wait_seconds(arguments.pop("jobs_ahead"), **arguments)


def test_phases_tell_where_a_boot_is_and_how_long_it_still_takes() -> None:
    boot = BootPhases((Phase("launch", 75, "a"), Phase("pull", 100, "b")))
    assert [boot.current(t) and boot.current(t).name for t in (0, 74, 75, 174)] == [  # type: ignore[union-attr]  # checked before
        "launch",
        "launch",
        "pull",
        "pull",
    ]
    assert boot.current(175) is None
    assert [boot.remaining_seconds(t) for t in (-5, 0, 75, 500)] == [175, 175, 100, 0]


def test_a_phase_of_negative_length_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="pull"):
        Phase("pull", -1, "nobody")


@given(st.floats(0, 2000))
def test_a_wait_fits_only_if_the_answer_can_be_sent_before_the_token_expires(wait: float) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    due = now + timedelta(seconds=wait)
    estimate = WaitEstimate(WaitKind.TURN, 0, due)
    assert estimate.fits(now + timedelta(minutes=15)) == (due - now <= timedelta(seconds=885))


def test_an_unknown_wait_always_fits() -> None:
    assert WaitEstimate(WaitKind.UNKNOWN, 0, None).fits(datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_a_lambda_that_imports_the_arithmetic_loads_the_standard_library_only() -> None:
    script = (
        "import sys; from discord_diffusion.fleet import demand, wait_estimate; "
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('numpy', 'boto3', 'torch', 'matplotlib', 'httpx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
