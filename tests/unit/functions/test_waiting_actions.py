"""What is due about each job that waits."""

from dataclasses import replace
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
from discord_diffusion.fleet.wait_estimate import expected_wait
from discord_diffusion.functions.waiting.actions import Deed, deeds
from discord_diffusion.jobs.job import DISCORD_EPOCH
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SIZE = FleetSettings(
    ScalingTarget(10.0, 1, 60.0, minimum=0, maximum=2), BootPhases((Phase("all", 300.0, "test"),))
)
PARAMETERS = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)


def record(age: float, **changes: Any) -> JobRecord:
    """Of a job that was asked for so many seconds ago."""
    created = NOW - timedelta(seconds=age) - DISCORD_EPOCH
    plain = JobRecord(
        id=str(int(created.total_seconds() * 1000) << 22),
        status=JobStatus.QUEUED,
        application_id="1",
        user_id="4",
        locale="de",
        parameters=PARAMETERS,
        token="token",
    )
    return replace(plain, **changes)


def state(**look: Any) -> FleetState:
    counts = {"visible": 1, "in_flight": 0, "running": 0, "desired": 1, "wanted": 1}
    return FleetState(
        FleetSnapshot(**{**counts, "measured_at": NOW, "starting_since": NOW, **look})
    )


STARTING = state()
DENIED = state(launch_failed_at=NOW)
RUNNING = state(running=1)


def due(*records: JobRecord, of: FleetState = STARTING) -> list[tuple[Deed, JobRecord]]:
    return [(one.deed, one.record) for one in deeds(records, of, SIZE, NOW)]


def told(of: FleetState, seconds_ago: float, **changes: Any) -> dict[str, Any]:
    """What a record keeps of a user who was told so long ago, with what is expected now."""
    wait = replace(expected_wait(of, SIZE, ahead=0, now=NOW), **changes)
    return {"wait": wait, "notified_at": NOW - timedelta(seconds=seconds_ago)}


def test_a_user_is_told_when_the_wait_is_of_another_kind() -> None:
    one = record(100, **told(STARTING, 15))
    assert due(one, of=DENIED) == [(Deed.TELL_WAIT, one)]
    early = record(100, **told(STARTING, 5))
    assert due(early, of=DENIED) == []


@pytest.mark.parametrize(
    ("seconds_ago", "changes", "is_told"),
    [
        (61, {}, False),
        (61, {"due": NOW + timedelta(seconds=200)}, True),
        (59, {"due": NOW + timedelta(seconds=200)}, False),
        (61, {"due": NOW + timedelta(seconds=305)}, False),
        (61, {"ahead": 4}, True),
    ],
    ids=["as expected", "moved", "too soon", "hardly moved", "another place"],
)
def test_a_user_is_told_again_when_the_estimate_has_changed_and_time_has_passed(
    seconds_ago: float, changes: dict[str, Any], is_told: bool
) -> None:
    one = record(100, **told(STARTING, seconds_ago, **changes))
    assert bool(due(one)) is is_told


def test_what_the_first_answer_said_is_not_said_again() -> None:
    one = record(100, wait=expected_wait(STARTING, SIZE, ahead=0, now=NOW))
    assert due(one) == []


def test_who_is_about_to_be_served_is_left_to_the_worker() -> None:
    first, second = (record(100, **told(DENIED, 70)) for _ in range(2))
    assert due(first, second, of=RUNNING) == [(Deed.TELL_WAIT, second)]


def test_nothing_is_promised_of_a_fleet_that_is_paused() -> None:
    paused = replace(SIZE, target=replace(SIZE.target, maximum=0))
    one = record(100, wait=WaitEstimate(WaitKind.TURN, 0, NOW))
    assert list(deeds([one], FleetState(), paused, NOW)) == []
    late = record(880)
    (found,) = deeds([late], FleetState(), paused, NOW)
    assert found.deed is Deed.REFUSE


def test_a_job_is_refused_when_even_the_largest_fleet_would_be_too_late() -> None:
    # 300 s to start, 10 s to draw, 15 s to spare
    late, in_time = record(900 - 324), record(900 - 326)
    assert due(late, of=DENIED) == [(Deed.REFUSE, late)]
    assert due(replace(in_time, **told(DENIED, 0)), of=DENIED) == []


def test_those_who_are_refused_are_ahead_of_nobody() -> None:
    late, patient = record(700), record(100)
    refused, waits = deeds([late, patient], DENIED, SIZE, NOW)
    assert (refused.deed, waits.deed) == (Deed.REFUSE, Deed.TELL_WAIT)
    assert refused.wait.ahead == waits.wait.ahead == 0


@pytest.mark.parametrize("age", [100, 880])
def test_a_job_that_is_drawn_is_left_alone_and_counts_among_those_ahead(age: float) -> None:
    drawn, waiting = record(age, status=JobStatus.DRAWING), record(90)
    (found,) = deeds([drawn, waiting], RUNNING, SIZE, NOW)
    assert (found.record, found.wait.ahead) == (waiting, 1)


def test_an_end_is_told_whatever_the_fleet_does() -> None:
    ended = record(100, status=JobStatus.REFUSED)
    assert due(ended, of=RUNNING) == [(Deed.TELL_END, ended)]


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.DRAWING])
def test_what_nobody_ended_a_minute_after_its_token_is_cleared_away(status: JobStatus) -> None:
    left = record(961, status=status)
    assert due(left, of=RUNNING) == [(Deed.CLEAR_AWAY, left)]
