"""Scheduled actions take place at the times that AWS's expressions name."""

from datetime import UTC, datetime, timedelta

import pytest

from ecs_fleet_emulator.errors import InvalidScheduleError
from ecs_fleet_emulator.simulation.scaling_schedules import Schedule, crontab_fields

MONDAY = datetime(2026, 11, 30, 10, 0, 30, tzinfo=UTC)


def next_times(number: int, expression: str, **changes: object) -> list[str]:
    """The next times after a Monday, as ISO texts of minutes in UTC."""
    schedule = Schedule(expression, created=MONDAY, **changes)  # type: ignore[arg-type]
    found, moment = [], MONDAY
    while len(found) < number and (following := schedule.next_after(moment)):
        found.append(f"{following:%Y-%m-%dT%H:%M:%S}")
        moment = following
    return found


def test_a_rate_counts_from_its_creation_or_its_start() -> None:
    assert next_times(2, "rate(2 hours)") == ["2026-11-30T12:00:30", "2026-11-30T14:00:30"]
    start = MONDAY - timedelta(minutes=90)
    assert next_times(1, "rate(1 hour)", start=start) == ["2026-11-30T10:30:30"]
    assert next_times(1, "rate(1 minute)", speed=10) == ["2026-11-30T10:00:36"]


def test_at_takes_place_once_in_its_time_zone() -> None:
    assert next_times(2, "at(2026-12-01T08:00:00)") == ["2026-12-01T08:00:00"]
    zone = "America/New_York"
    assert next_times(2, "at(2026-12-01T08:00:00)", zone=zone) == ["2026-12-01T13:00:00"]
    assert next_times(1, "at(2026-11-29T08:00:00)") == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 20 ? * MON-FRI *)", ["2026-11-30T20:00:00", "2026-12-01T20:00:00"]),
        ("cron(0 20 ? * 2-6 *)", ["2026-11-30T20:00:00", "2026-12-01T20:00:00"]),
        ("cron(0 20 ? * 1 *)", ["2026-12-06T20:00:00", "2026-12-13T20:00:00"]),
        ("cron(0 0 L * ? *)", ["2026-12-31T00:00:00", "2027-01-31T00:00:00"]),
        ("cron(0 9 ? * 6L *)", ["2026-12-25T09:00:00", "2027-01-29T09:00:00"]),
        ("cron(0/15 10 30 11 ? 2026)", ["2026-11-30T10:15:00", "2026-11-30T10:30:00"]),
        ("0 9 * * 1-5", ["2026-12-01T09:00:00", "2026-12-02T09:00:00"]),
    ],
)
def test_cron_has_aws_days_of_the_week_or_those_of_unix(
    expression: str, expected: list[str]
) -> None:
    assert next_times(2, expression) == expected


def test_cron_follows_the_clock_of_its_time_zone_over_a_change() -> None:
    schedule = Schedule("cron(0 9 * * ? *)", MONDAY, zone="Europe/Berlin")
    before = schedule.next_after(datetime(2027, 3, 26, 12, tzinfo=UTC))
    after = schedule.next_after(datetime(2027, 3, 28, 12, tzinfo=UTC))
    assert before == datetime(2027, 3, 27, 8, tzinfo=UTC)
    assert after == datetime(2027, 3, 29, 7, tzinfo=UTC)


def test_cron_names_whole_minutes_whenever_it_is_asked() -> None:
    schedule = Schedule("0 22 * * *", MONDAY)
    for microsecond in (1, 421_342, 999_999):
        asked = datetime(2026, 11, 30, 21, 59, 59, microsecond, tzinfo=UTC)
        assert schedule.next_after(asked) == datetime(2026, 11, 30, 22, tzinfo=UTC)


def test_start_and_end_bound_a_schedule() -> None:
    start, end = MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)
    times = next_times(5, "cron(0 0/12 * * ? *)", start=start, end=end)
    assert times == ["2026-12-02T12:00:00", "2026-12-03T00:00:00"]


def test_a_time_of_the_expression_may_be_its_start() -> None:
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert next_times(1, "cron(0 9 * * ? *)", start=start) == ["2026-12-01T09:00:00"]


def test_a_groups_action_takes_place_at_its_start_too() -> None:
    start = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert next_times(3, "", start=start, at_start=True) == ["2026-12-01T08:30:00"]
    times = next_times(2, "0 9 * * *", start=start, at_start=True)
    assert times == ["2026-12-01T08:30:00", "2026-12-01T09:00:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "tomorrow",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "at(2026-13-01T00:00:00)",
        "cron(0 20 * * *)",
        "cron(0 0 1W * ? *)",
        "cron(0 0 ? * 2#1 *)",
        "cron(99 20 ? * 2 *)",
        "99 20 * * 2",
    ],
)
def test_an_expression_that_makes_no_sense_is_refused_with_its_text(expression: str) -> None:
    with pytest.raises(InvalidScheduleError) as error:
        Schedule(expression, MONDAY)
    assert expression.strip("cron()")[:5] in str(error.value)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidScheduleError, match="Mars/Base"):
        Schedule("rate(1 day)", MONDAY, zone="Mars/Base")


def test_numbers_of_days_are_aws_numbers_and_steps_stay() -> None:
    assert crontab_fields("0/5 8 ? * 1,7 *") == "0/5 8 ? * 0,6 *"
    assert crontab_fields("0 8 ? * 2/2 *") == "0 8 ? * 1/2 *"


@pytest.mark.parametrize(
    ("minute", "expected"), [(55, (2, 0)), (65, (2, 0)), (95, (2, 0)), (125, (2, 10))]
)
def test_an_hour_that_the_clock_of_a_time_zone_shows_twice_counts_once(
    minute: int, expected: tuple[int, int]
) -> None:
    schedule = Schedule("*/10 * * * *", MONDAY, zone="Europe/Berlin")
    moment = datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + timedelta(minutes=minute)
    assert schedule.next_after(moment) == datetime(2026, 10, 25, *expected, tzinfo=UTC)
