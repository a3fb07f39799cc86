"""Instances that are lost are found, failed starts pause the fleet, and hours are counted."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.guard import FleetGuard, Sighting, WatchedInstance, look
from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours
from discord_diffusion.fleet.instances import GroupInstance, Launch, launch_failed_at
from discord_diffusion.fleet.starts import StartHistory, StartLimits
from discord_diffusion.fleet.state import Stop
from discord_diffusion.jobs.record import WaitKind

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LIMITS = StartLimits()
NO_CAP = HourCap()
NEW = FleetGuard(InstanceHours(NOW))


def seen(
    *instances: str,
    connected: Iterable[str] = (),
    launched: datetime = NOW,
    leaving: bool = False,
    failed: Iterable[datetime] = (),
    works: bool = False,
    drew_at: datetime | None = None,
) -> Sighting:
    return Sighting(
        instances=[GroupInstance(one, leaving) for one in instances],
        connected=set(connected),
        launched=dict.fromkeys(instances, launched),
        failed_starts=failed,
        works=works,
        drew_at=drew_at,
    )


def lost(guard: FleetGuard) -> list[str]:
    return [one for one, watched in guard.instances.items() if watched.lost]


def after(guard: FleetGuard, seconds: float, found: Sighting) -> FleetGuard:
    return look(guard, found, LIMITS, NOW + timedelta(seconds=seconds))


def test_an_instance_that_never_joins_is_lost_after_the_time_for_it_and_counted_once() -> None:
    guard = after(NEW, 0, seen("i-1"))
    guard = after(guard, 599, seen("i-1"))
    assert lost(guard) == []
    guard = after(guard, 600, seen("i-1"))
    assert lost(guard) == ["i-1"]
    guard = after(guard, 615, seen("i-1"))
    assert lost(guard) == ["i-1"], "it is ended again should the first call have failed"
    assert guard.starts.failures == 1
    assert after(guard, 630, seen()).instances == {}


def test_an_instance_is_lost_by_its_age_though_looks_were_missed() -> None:
    assert lost(after(NEW, 0, seen("i-1", launched=NOW - timedelta(seconds=700)))) == ["i-1"]


def test_an_agent_has_the_same_time_to_come_back() -> None:
    guard = after(NEW, 0, seen("i-1", connected=["i-1"]))
    guard = after(guard, 3600, seen("i-1"))
    assert lost(guard) == []
    back = after(guard, 4000, seen("i-1", connected=["i-1"]))
    assert lost(after(back, 4300, seen("i-1"))) == []
    assert lost(after(guard, 4200, seen("i-1"))) == ["i-1"]


def test_an_instance_that_draws_while_no_agent_at_all_is_connected_is_not_lost() -> None:
    """ECS itself may be out of reach; workers go on without it."""
    guard = after(NEW, 0, seen("i-1", connected=["i-1"]))
    guard = after(guard, 15, seen("i-1"))

    def drew(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    assert lost(after(guard, 700, seen("i-1", drew_at=drew(14)))) == ["i-1"], "drawn before"
    assert lost(after(guard, 700, seen("i-1", drew_at=drew(100)))) == ["i-1"], "too long ago"
    assert lost(after(guard, 700, seen("i-1", drew_at=drew(101)))) == []
    assert lost(after(guard, 700, seen("i-1", drew_at=drew(500)))) == []
    assert lost(after(guard, 1200, seen("i-1", drew_at=drew(500)))) == ["i-1"], "no more"
    both = after(guard, 700, seen("i-1", "i-2", connected=["i-2"], drew_at=drew(500)))
    assert lost(both) == ["i-1"], "the other one draws"


def test_an_instance_whose_launch_is_not_known_or_lies_ahead_is_as_old_as_the_first_look() -> None:
    unknown = Sighting([GroupInstance("i-1", leaving=False)], set(), {}, [], works=False)
    for found in (unknown, seen("i-1", launched=NOW + timedelta(seconds=30))):
        guard = after(NEW, 0, found)
        assert guard.hours == InstanceHours(NOW)
        assert guard.instances == {"i-1": WatchedInstance(NOW, NOW)}


def test_a_lost_instance_stays_lost_while_it_leaves_and_one_that_leaves_is_not_found_lost() -> None:
    guard = after(NEW, 0, seen("i-1", "i-2"))
    guard = after(guard, 600, seen("i-1", "i-2"))
    assert lost(guard) == ["i-1", "i-2"]
    assert guard.starts.failures == 2, "each counts"
    guard = after(guard, 615, seen("i-1", "i-2", leaving=True))
    assert lost(guard) == ["i-1", "i-2"]
    assert guard.starts.failures == 2
    back = after(guard, 630, seen("i-1", connected=["i-1"]))
    assert lost(back) == [], "its agent is back"
    assert back.hours.day_seconds == 2 * 630, "the one that is gone counts up to now"


def test_a_look_keeps_the_version_by_which_another_one_is_noticed() -> None:
    assert after(FleetGuard(InstanceHours(NOW), version=7), 15, seen()).version == 7


def test_a_look_forgives_before_it_counts_what_is_new() -> None:
    """A failure after the last picture is the first one of a new row."""
    starts = StartHistory(failures=4, failed_at=NOW)
    guard = FleetGuard(InstanceHours(NOW), starts=starts)
    drew, failed = NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)
    guard = after(guard, 30, seen(failed=[NOW, failed], drew_at=drew))
    assert guard.starts == StartHistory(failures=1, failed_at=failed)


def test_a_look_counts_from_its_own_time_what_works_and_what_pauses() -> None:
    failed = FleetGuard(InstanceHours(NOW), starts=StartHistory(failures=1, failed_at=NOW))
    later = NOW + timedelta(seconds=15)
    assert after(failed, 15, seen(works=True)).starts.works_since == later
    assert after(failed, 15, seen(works=False)).starts.works_since is None
    crashed = after(NEW, 15, seen(failed=[NOW] * LIMITS.failures))
    assert crashed.starts.paused_until == later + LIMITS.first_pause


def test_a_fleet_is_in_trouble_after_a_failure_or_while_an_agent_is_missing_for_long() -> None:
    guard = after(NEW, 0, seen("i-1", "i-2", connected=["i-2"]))
    almost = NOW + LIMITS.join - timedelta(microseconds=1)
    assert not guard.is_in_trouble(LIMITS, almost)
    assert guard.is_in_trouble(LIMITS, NOW + LIMITS.join)
    connected = after(NEW, 0, seen("i-1", connected=["i-1"]))
    assert not connected.is_in_trouble(LIMITS, NOW + timedelta(days=1))
    failed = FleetGuard(InstanceHours(NOW), starts=StartHistory(failures=1, failed_at=NOW))
    assert failed.is_in_trouble(LIMITS, NOW)


def test_an_instance_that_is_being_terminated_is_not_lost() -> None:
    guard = after(NEW, 0, seen("i-1", leaving=True))
    assert lost(after(guard, 3600, seen("i-1", leaving=True))) == []


@given(st.lists(st.integers(1, 900), min_size=1, max_size=30))
def test_the_same_instance_time_is_counted_however_often_the_loop_looks(pauses: list[int]) -> None:
    guard, at = after(NEW, 0, seen("i-1", connected=["i-1"])), 0.0
    for pause in pauses:
        at += pause
        guard = after(guard, at, seen("i-1", connected=["i-1"]))
    assert abs(guard.hours.day_seconds - at) < 0.001
    assert guard.hours.day_seconds == guard.hours.month_seconds


def test_an_instance_is_counted_from_its_launch_to_the_look_that_misses_it() -> None:
    guard = after(NEW, 0, seen("i-1", launched=NOW - timedelta(seconds=45)))
    guard = after(guard, 15, seen())
    assert guard.hours.day_seconds == 60


def test_a_cap_stops_the_fleet_until_the_next_day_or_month() -> None:
    guard = FleetGuard(InstanceHours(NOW, 3600.0, 36000.0))
    day = guard.stop(LIMITS, HourCap(day=1, month=100), NOW)
    assert day is not None
    assert (day.kind, day.until) == (WaitKind.INSTANCE_HOURS, datetime(2026, 11, 30, tzinfo=UTC))
    month = guard.stop(LIMITS, HourCap(day=100, month=10), NOW)
    assert month is not None
    assert month.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert guard.stop(LIMITS, NO_CAP, NOW) is None
    assert guard.stop(LIMITS, HourCap(day=1, month=100), day.until) is None


def test_a_failure_is_counted_once_however_often_aws_shows_it() -> None:
    guard = NEW
    for seconds in (0, 15, 30):
        guard = after(guard, seconds, seen(failed=[NOW - timedelta(seconds=5)]))
    assert guard.starts.failures == 1


@given(st.integers(0, 12), st.integers(0, 6), st.booleans(), st.booleans())
def test_no_more_than_the_running_tasks_and_one_trial_are_ever_allowed_after_too_many_failures(
    failures: int, running: int, paused: bool, has_job: bool
) -> None:
    until = NOW + timedelta(minutes=5 if paused else -5)
    guard = FleetGuard(InstanceHours(NOW), starts=StartHistory(failures, 1, until, NOW))
    allowed = guard.allowed_tasks(LIMITS, NO_CAP, NOW, running=running, has_job=has_job)
    if failures < LIMITS.failures:
        assert allowed is None
    else:
        assert allowed is not None
        assert running <= allowed <= max(running, 1)
        assert not (paused and allowed > running)


CAPPED, PAUSED, ON_TRIAL = "capped", "paused", "on trial"


@pytest.mark.parametrize(
    ("state", "running", "has_job", "allowed"),
    [
        ("", 2, True, None),
        ("", 0, False, None),
        (CAPPED, 2, True, 0),
        (PAUSED, 2, True, 2),
        (PAUSED, 0, True, 0),
        (ON_TRIAL, 0, False, 0),
        (ON_TRIAL, 0, True, 1),
        (ON_TRIAL, 2, True, 2),
        (ON_TRIAL, 2, False, 2),
    ],
)
def test_the_tasks_that_may_be_asked_for(
    state: str, running: int, has_job: bool, allowed: int | None
) -> None:
    failures = LIMITS.failures if state in (PAUSED, ON_TRIAL) else LIMITS.failures - 1
    until = NOW + timedelta(minutes=5 if state == PAUSED else -5)
    guard = FleetGuard(
        InstanceHours(NOW, 3600.0, 3600.0), starts=StartHistory(failures, 1, until, NOW)
    )
    cap = HourCap(day=1) if state == CAPPED else NO_CAP
    assert guard.allowed_tasks(LIMITS, cap, NOW, running=running, has_job=has_job) == allowed
    stop = guard.stop(LIMITS, cap, NOW)
    tomorrow = NOW.replace(hour=0) + timedelta(days=1)
    assert stop == {
        CAPPED: Stop(WaitKind.INSTANCE_HOURS, tomorrow),
        PAUSED: Stop(WaitKind.FAILED_STARTS, until),
    }.get(state)


def test_a_pause_of_fewer_failures_than_are_too_many_now_stops_nothing() -> None:
    """The limit was raised since."""
    until = NOW + timedelta(minutes=5)
    guard = FleetGuard(InstanceHours(NOW), starts=StartHistory(4, 1, until, NOW))
    assert guard.stop(LIMITS, NO_CAP, NOW) is None
    assert guard.stop(StartLimits(failures=4), NO_CAP, NOW) is not None


def test_a_shortage_is_no_failed_start_and_a_quota_is_one() -> None:
    shortage = Launch(NOW, None, "We currently do not have sufficient capacity in the zone.")
    quota = Launch(NOW, None, "You have requested more vCPU capacity than your current vCPU limit.")
    assert shortage.is_short_of_capacity
    assert not quota.is_short_of_capacity


def test_a_launch_that_succeeds_after_a_failure_ends_the_shortage() -> None:
    failed = Launch(NOW, None, "no")
    later = Launch(NOW + timedelta(seconds=60), "i-1", None)
    assert launch_failed_at([failed], NOW - timedelta(seconds=1)) == NOW
    assert launch_failed_at([failed], NOW + timedelta(seconds=1)) is None
    assert launch_failed_at([later, failed], NOW) is None
