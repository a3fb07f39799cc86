"""Which action is due about each waiting job."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import (
    FleetSettings,
    FleetSnapshot,
    FleetState,
)
from discord_diffusion.fleet.wait_estimate import expected_wait
from discord_diffusion.fleet.work import WorkAhead
from discord_diffusion.functions.waiting.due_actions import (
    LAST_NOTICE,
    Action,
    DueAction,
    due_actions,
    unconfirmed,
)
from discord_diffusion.jobs.job import DISCORD_EPOCH
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = FleetSettings(ScalingTarget(10.0, 1, 60.0, minimum=0, maximum=2), boot_seconds=300.0)
PARAMETERS = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)


def record(age: float, **changes: Any) -> JobRecord:
    """The record of a job that was requested so many seconds ago."""
    created = NOW - timedelta(seconds=age) - DISCORD_EPOCH
    plain = JobRecord(
        id=str(int(created.total_seconds() * 1000) << 22),
        status=JobStatus.QUEUED,
        application_id="1",
        user_id="4",
        locale="de",
        parameters=PARAMETERS,
        token="token",
        confirmed=True,
    )
    return replace(plain, **changes)


def state(**snapshot: Any) -> FleetState:
    counts = {"visible": 1, "in_flight": 0, "running": 0, "desired": 1, "wanted": 1}
    return FleetState(
        FleetSnapshot(**{**counts, "measured_at": NOW, "starting_since": NOW, **snapshot})
    )


STARTING = state()
DENIED = state(launch_failed_at=NOW)
RUNNING = state(running=1)


def due(*records: JobRecord, of: FleetState = STARTING) -> list[tuple[Action, JobRecord]]:
    return [(found.action, found.record) for found in due_actions(records, of, SETTINGS, NOW)]


def notified(of: FleetState, seconds_ago: float, **changes: Any) -> dict[str, Any]:
    """What a record keeps of a user who was notified so long ago, of the wait expected now."""
    wait = replace(expected_wait(of, SETTINGS, ahead=WorkAhead(), units=1, now=NOW), **changes)
    return {"wait": wait, "notified_at": NOW - timedelta(seconds=seconds_ago)}


def test_a_user_is_notified_when_the_wait_is_of_another_kind() -> None:
    waiting = record(100, **notified(STARTING, 15))
    assert due(waiting, of=DENIED) == [(Action.NOTIFY_OF_WAIT, waiting)]
    at_last = record(100, **notified(STARTING, 10))
    assert due(at_last, of=DENIED) == [(Action.NOTIFY_OF_WAIT, at_last)]
    early = record(100, **notified(STARTING, 9.9))
    assert due(early, of=DENIED) == []


@pytest.mark.parametrize(
    ("seconds_ago", "changes", "is_notified"),
    [
        (61, {}, False),
        (61, {"due": NOW + timedelta(seconds=200)}, True),
        (60, {"due": NOW + timedelta(seconds=200)}, True),
        (59.9, {"due": NOW + timedelta(seconds=200)}, False),
        (61, {"due": NOW + timedelta(seconds=310 - 14.9)}, False),
        (61, {"due": NOW + timedelta(seconds=310 + 15)}, True),
        (61, {"ahead": 4}, True),
        (61, {"due": None}, True),
    ],
    ids=[
        "as expected",
        "moved",
        "in time",
        "too soon",
        "hardly moved",
        "moved later",
        "another place",
        "no estimate before",
    ],
)
def test_a_user_is_notified_again_when_the_estimate_has_changed_and_time_has_passed(
    seconds_ago: float, changes: dict[str, Any], is_notified: bool
) -> None:
    waiting = record(100, **notified(STARTING, seconds_ago, **changes))
    assert bool(due(waiting)) is is_notified


def test_a_user_is_not_notified_of_the_wait_that_the_first_answer_stated() -> None:
    waiting = record(
        100, wait=expected_wait(STARTING, SETTINGS, ahead=WorkAhead(), units=1, now=NOW)
    )
    assert due(waiting) == []


def test_a_user_whose_job_is_about_to_begin_is_not_notified() -> None:
    first, second = (record(100, **notified(DENIED, 70)) for _ in range(2))
    assert due(first, second, of=RUNNING) == [(Action.NOTIFY_OF_WAIT, second)]


@pytest.mark.parametrize(("running", "jobs_at_once", "silent"), [(1, 3, 3), (2, 2, 4), (2, 1, 2)])
def test_users_of_as_many_jobs_as_the_workers_draw_together_are_not_notified(
    running: int, jobs_at_once: int, silent: int
) -> None:
    settings = replace(SETTINGS, target=replace(SETTINGS.target, jobs_at_once=jobs_at_once))
    records = [record(100, **notified(DENIED, 70)) for _ in range(6)]
    found = due_actions(records, state(running=running, desired=running), settings, NOW)
    assert [one.wait.ahead for one in found] == list(range(silent, 6))


def test_workers_of_an_old_snapshot_keep_no_user_from_being_notified() -> None:
    old = state(running=1, measured_at=NOW - timedelta(seconds=91))
    waiting = record(100, **notified(DENIED, 70))
    (found,) = due_actions([waiting], old, SETTINGS, NOW)
    assert (found.action, found.wait.kind) == (Action.NOTIFY_OF_WAIT, WaitKind.ASLEEP)


def test_no_wait_is_estimated_for_a_paused_fleet() -> None:
    paused = replace(SETTINGS, target=replace(SETTINGS.target, maximum=0))
    waiting = record(100, wait=WaitEstimate(WaitKind.TURN, 0, NOW))
    assert list(due_actions([waiting], FleetState(), paused, NOW)) == []
    late = record(880)
    (found,) = due_actions([late], FleetState(), paused, NOW)
    assert found.action is Action.REFUSE


def test_a_job_is_refused_when_even_the_largest_fleet_would_be_too_late() -> None:
    # 300 s to start, 10 s to draw, 15 s to spare
    late, in_time = record(900 - 324), record(900 - 326)
    assert due(late, of=DENIED) == [(Action.REFUSE, late)]
    assert due(replace(in_time, **notified(DENIED, 0)), of=DENIED) == []


def test_a_job_is_not_given_up_on_an_estimate_while_a_worker_runs() -> None:
    """A hundred jobs ahead would take a quarter of an hour, and the token ends in five minutes."""
    slow = replace(RUNNING, pace=MeasuredPace((DrawnBatch(100, 900),), NOW))
    records = [record(600, user_id=str(user), units=50) for user in range(100)]
    assert {action for action, _ in due(*records, of=slow)} <= {Action.NOTIFY_OF_WAIT}


@pytest.mark.parametrize(("left", "given_up"), [(20, True), (20.5, False)])
def test_a_job_is_given_up_while_its_user_can_still_be_notified(
    left: float, given_up: bool
) -> None:
    late = record(900 - left)
    assert timedelta(seconds=20) == LAST_NOTICE
    assert (due(late, of=RUNNING) == [(Action.REFUSE, late)]) is given_up


@pytest.mark.parametrize(("units", "given_up"), [(1, False), (27, False), (28, True)])
def test_a_job_is_given_up_if_no_worker_could_start_and_draw_it_in_time(
    units: int, given_up: bool
) -> None:
    """What is ahead of it does not matter: 300 s to start, 10 s a unit, 15 s to spare."""
    first, job = record(100, user_id="1", units=28), record(310, units=units)
    actions = [action for action, found in due(first, job, of=DENIED) if found is job]
    assert (actions == [Action.REFUSE]) is given_up


def test_the_wait_follows_the_units_ahead_and_those_of_the_same_user() -> None:
    two = state(running=2, desired=2)
    records = [
        record(100, user_id="1", units=30, **notified(DENIED, 70)),
        record(100, user_id="2", units=6, **notified(DENIED, 70)),
        record(100, user_id="3", units=4, **notified(DENIED, 70)),
        record(100, user_id="1", units=2, **notified(DENIED, 70)),
    ]
    found = [one.wait for one in due_actions(records, two, SETTINGS, NOW)]
    assert [one.ahead for one in found] == [2, 3]
    seconds = [(one.due - NOW).total_seconds() for one in found if one.due]
    assert seconds == [180 + 40, 300 + 20]


def test_a_refused_job_does_not_count_among_those_ahead() -> None:
    late, patient = record(700), record(100)
    refused, waits = due_actions([late, patient], DENIED, SETTINGS, NOW)
    assert (refused.action, waits.action) == (Action.REFUSE, Action.NOTIFY_OF_WAIT)
    assert refused.wait.ahead == waits.wait.ahead == 0


@pytest.mark.parametrize("age", [100, 880])
def test_a_job_that_is_being_drawn_needs_no_action_and_counts_among_those_ahead(age: float) -> None:
    drawn, waiting = record(age, status=JobStatus.DRAWING), record(90)
    (found,) = due_actions([drawn, waiting], RUNNING, SETTINGS, NOW)
    assert (found.record, found.wait.ahead) == (waiting, 1)


@pytest.mark.parametrize(("age", "action"), [(3.9, []), (4, [Action.CONFIRM])])
def test_a_queued_job_is_confirmed_once_its_interaction_must_be_answered(
    age: float, action: list[Action]
) -> None:
    waiting = record(age, confirmed=False)
    assert [found for found, _ in due(waiting, of=RUNNING)] == action
    assert due(replace(waiting, confirmed=True), of=RUNNING) == []
    assert due(replace(waiting, status=JobStatus.DRAWING), of=RUNNING) == []


def test_an_end_is_not_notified_before_the_interaction_must_be_answered() -> None:
    early, other = record(3.9, status=JobStatus.REFUSED), record(100, **notified(STARTING, 70))
    (found,) = due_actions([early, other], DENIED, SETTINGS, NOW)
    assert (found.record, found.wait.ahead) == (other, 0)
    at_last = record(4, status=JobStatus.REFUSED)
    assert due(at_last) == [(Action.NOTIFY_OF_END, at_last)]


def test_of_single_jobs_those_are_due_that_are_not_confirmed_or_whose_end_is_untold() -> None:
    queued, ended = record(4, confirmed=False), record(4, status=JobStatus.CANCELLED)
    rest = [
        replace(queued, confirmed=True),
        replace(queued, status=JobStatus.DRAWING),
        replace(ended, token=None),
    ]
    unknown = WaitEstimate(WaitKind.UNKNOWN, 0, None)
    assert list(unconfirmed([queued, ended, *rest])) == [
        DueAction(Action.CONFIRM, queued, unknown),
        DueAction(Action.NOTIFY_OF_END, ended, unknown),
    ]


def test_a_user_is_notified_of_an_end_whatever_the_fleet_does() -> None:
    ended = record(100, status=JobStatus.REFUSED)
    assert due(ended, of=RUNNING) == [(Action.NOTIFY_OF_END, ended)]


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.DRAWING])
def test_an_abandoned_job_fails_a_minute_after_its_token_has_expired(status: JobStatus) -> None:
    left = record(961, status=status)
    assert due(left, of=RUNNING) == [(Action.FAIL, left)]


@pytest.mark.parametrize("age", [900, 930, 960])
def test_a_job_that_is_being_drawn_is_left_to_its_worker_for_a_minute_after_its_token_has_expired(
    age: float,
) -> None:
    assert due(record(age, status=JobStatus.DRAWING), of=RUNNING) == []
