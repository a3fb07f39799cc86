"""The hours of instances are counted for a day and a month, against a cap."""

from datetime import UTC, datetime, timedelta

from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours


def test_a_new_day_and_a_new_month_begin_at_midnight() -> None:
    evening = datetime(2026, 11, 29, 23, 50, tzinfo=UTC)
    hours = InstanceHours(evening, 3600.0, 7200.0)
    morning = evening + timedelta(minutes=20)
    counted = hours.at(morning).plus(evening, morning)
    assert (counted.day_seconds, counted.month_seconds) == (600.0, 8400.0)
    december = datetime(2026, 12, 1, 0, 10, tzinfo=UTC)
    counted = hours.at(december).plus(evening, december)
    assert (counted.day_seconds, counted.month_seconds) == (600.0, 600.0)


def test_a_count_goes_on_within_a_day_and_begins_anew_at_its_first_moment() -> None:
    first = datetime(2026, 12, 1, tzinfo=UTC)
    hours = InstanceHours(first, 5.0, 7.0)
    late = datetime(2026, 12, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert hours.at(late) == InstanceHours(late, 5.0, 7.0)
    second = datetime(2026, 12, 2, 1, 2, 3, 4, tzinfo=UTC)
    assert hours.at(second) == InstanceHours(second, 0.0, 7.0)
    midnight = datetime(2026, 12, 2, tzinfo=UTC)
    assert InstanceHours(midnight, 5.0, 7.0).at(second) == InstanceHours(second, 5.0, 7.0)
    evening = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    assert InstanceHours(evening, 5.0, 7.0).at(second) == InstanceHours(second, 0.0, 0.0)
    assert InstanceHours(evening, 5.0, 7.0).at(first) == InstanceHours(first, 0.0, 0.0)


def test_the_time_of_an_instance_counts_for_the_day_and_the_month_that_it_lies_in() -> None:
    second = datetime(2026, 12, 2, 1, 2, 3, 500_000, tzinfo=UTC)
    counted = InstanceHours(second, 1.0, 2.0).plus(datetime(2026, 11, 2, tzinfo=UTC), second)
    today = 3600 + 2 * 60 + 3.5
    assert (counted.day_seconds, counted.month_seconds) == (1 + today, 2 + 86_400 + today)
    backwards = InstanceHours(second, 1.0, 2.0).plus(second, second - timedelta(seconds=9))
    assert (backwards.day_seconds, backwards.month_seconds) == (1.0, 2.0)


def test_a_cap_is_reached_by_its_last_second_and_the_longest_month_ends_too() -> None:
    def capped(at: datetime, day: float, month: float, cap: HourCap) -> datetime | None:
        return InstanceHours(at, day, month).capped_until(cap)

    at = datetime(2026, 1, 31, 5, 6, 7, 8, tzinfo=UTC)
    both = HourCap(day=1, month=2)
    assert capped(at, 3599.0, 7199.0, both) is None
    assert capped(at, 3600.0, 7199.0, both) == datetime(2026, 2, 1, tzinfo=UTC)
    first = datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert capped(first, 3600.0, 7199.0, both) == datetime(2026, 1, 2, tzinfo=UTC)
    assert capped(first, 3600.0, 7200.0, both) == datetime(2026, 2, 1, tzinfo=UTC)
    assert capped(first, 1e9, 1e9, HourCap()) is None
    assert capped(first, 1e9, 0.0, HourCap(month=1)) is None
    assert capped(first, 0.0, 1e9, HourCap(day=1)) is None
