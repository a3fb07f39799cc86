"""The parts of the simulation: clock, queue, arrivals, quantiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.capacity.simulation.clock import Clock
from infra.capacity.simulation.jobs import BURST_JOBS, DAY, Job, JobQueue, arrivals, in_burst
from infra.capacity.simulation.outcome import quantile


@given(st.lists(st.integers(0, 20), max_size=30))
def test_actions_happen_in_the_order_of_their_times_and_then_of_their_scheduling(
    times: list[int],
) -> None:
    clock = Clock()
    seen: list[tuple[float, int]] = []
    for number, time in enumerate(times):
        clock.at(time, lambda number=number: seen.append((clock.now, number)))  # type: ignore[misc]  # binds the loop's value
    clock.run(100)
    assert seen == sorted((float(time), number) for number, time in enumerate(times))


def test_a_clock_stops_at_its_end_and_schedules_nothing_in_the_past() -> None:
    clock = Clock()
    seen: list[float] = []
    clock.every(10, lambda: seen.append(clock.now), offset=5)
    clock.run(25)
    assert (seen, clock.now) == ([5, 15, 25], 25)
    with pytest.raises(ValueError, match="past"):
        clock.at(20, lambda: None)


def test_a_user_has_one_message_in_flight_and_other_users_overtake() -> None:
    queue = JobQueue()
    first, second, other = Job(0, 0, 7), Job(1, 1, 7), Job(2, 2, 8)
    for job in (first, second, other):
        queue.send(job)
    assert queue.receive() == first
    assert queue.receive() == other
    assert queue.receive() is None
    assert (queue.visible, queue.in_flight) == (1, 2)
    queue.delete(first)
    assert queue.receive() == second


@settings(max_examples=25)  # each makes two whole days
@given(st.integers(0, 2**32))
def test_a_day_is_the_same_for_the_same_seed_and_holds_one_burst(seed: int) -> None:
    day = arrivals(seed)
    assert day == arrivals(seed)
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


def test_an_empty_list_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="empty list"):
        quantile([], 0.5)
