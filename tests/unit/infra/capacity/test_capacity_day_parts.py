"""The parts of the simulated day: clock, queue, cooldowns, arrivals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.day.arrivals import (
    BURST_JOBS,
    DAY,
    Arrival,
    a_day,
    in_burst,
)
from infra.capacity.day.clock import Clock
from infra.capacity.day.cooldown import Cooldown
from infra.capacity.day.outcome import quantile
from infra.capacity.day.queue import JobQueue


@given(st.lists(st.integers(0, 20), max_size=30))
def test_actions_happen_in_the_order_of_their_times_and_then_of_their_making(
    times: list[int],
) -> None:
    clock = Clock()
    seen: list[tuple[float, int]] = []
    for number, time in enumerate(times):
        clock.at(time, lambda number=number: seen.append((clock.now, number)))  # type: ignore[misc]  # binds the loop's value
    clock.run(100)
    assert seen == sorted((float(time), number) for number, time in enumerate(times))


def test_a_clock_stops_where_it_is_told_and_never_goes_back() -> None:
    clock = Clock()
    seen: list[float] = []
    clock.every(10, lambda: seen.append(clock.now), offset=5)
    clock.run(25)
    assert (seen, clock.now) == ([5, 15, 25], 25)
    with pytest.raises(ValueError, match="past"):
        clock.at(20, lambda: None)


def test_a_user_has_one_message_in_flight_and_others_pass() -> None:
    queue = JobQueue()
    first, second, other = Arrival(0, 0, 7), Arrival(1, 1, 7), Arrival(2, 2, 8)
    for job in (first, second, other):
        queue.send(job)
    assert queue.receive(3) == first
    assert queue.receive(3) == other
    assert queue.receive(3) is None
    assert (queue.visible, queue.in_flight) == (1, 2)
    queue.delete(first)
    assert queue.receive(4) == second


def test_a_message_given_back_is_seen_again_in_its_old_place() -> None:
    queue = JobQueue()
    jobs = [Arrival(number, number, number) for number in range(3)]
    for job in jobs:
        queue.send(job)
    assert queue.receive(5) == jobs[0]
    queue.give_back(jobs[0])
    assert [queue.receive(6) for _ in jobs] == jobs


def test_during_the_cooldown_only_the_excess_over_what_was_added_is_added() -> None:
    # The example of the API reference: 2 are added; 3 during the cooldown adds 1 more.
    target = Cooldown(out_seconds=300, in_seconds=300)
    assert target.scale_out(0, 4, 2, 100) == 6
    assert target.scale_out(60, 6, 2, 100) == 6
    assert target.scale_out(120, 6, 3, 100) == 7
    assert target.scale_out(420, 7, 2, 100) == 9


def test_scale_in_is_blocked_by_its_cooldown_and_freed_by_a_scale_out() -> None:
    target = Cooldown(out_seconds=30, in_seconds=300)
    assert target.scale_in(0, 5, -1, 0) == 4
    assert target.scale_in(60, 4, -1, 0) == 4
    assert target.scale_out(90, 4, 1, 10) == 5
    assert target.scale_in(120, 5, -9, 2) == 2


def test_a_count_never_passes_its_maximum() -> None:
    assert Cooldown(30, 30).scale_out(0, 9, 5, 10) == 10


@given(st.integers(0, 2**32))
def test_a_day_is_the_same_for_the_same_seed_and_holds_one_burst(seed: int) -> None:
    day = a_day(seed)
    assert day == a_day(seed)
    assert [job.at for job in day] == sorted(job.at for job in day)
    assert [job.id for job in day] == list(range(len(day)))
    assert all(0 <= job.at < DAY for job in day)
    assert not any(1800 <= job.at < 7.5 * 3600 for job in day)
    assert BURST_JOBS <= sum(map(in_burst, day)) < BURST_JOBS + 10


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_its_share_does_not_exceed(
    values: list[float], part: float
) -> None:
    ordered = sorted(values)
    found = quantile(ordered, part)
    assert sum(1 for value in ordered if value <= found) >= part * len(ordered) - 1e-9
    assert sum(1 for value in ordered if value < found) < part * len(ordered) + 1e-9


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantile([], 0.5)
