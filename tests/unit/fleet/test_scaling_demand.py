"""Tasks wanted, short and spare."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.demand import (
    Observation,
    ScaleInHold,
    ScalingTarget,
    decide,
    desired_tasks,
    measure,
    needed_tasks,
)

counts = st.integers(0, 3000)
observations = st.builds(
    Observation, visible=counts, in_flight=counts, running=counts, pending=counts
)


@st.composite
def targets(draw: st.DrawFn) -> ScalingTarget:
    minimum = draw(st.integers(0, 5))
    return ScalingTarget(
        seconds_per_job=draw(st.floats(0.1, 300)),
        jobs_at_once=draw(st.integers(1, 8)),
        target_wait_seconds=draw(st.floats(0, 900)),
        minimum=minimum,
        maximum=minimum + draw(st.integers(0, 5000)),
        margin=draw(st.floats(0, 2)),
        hold_seconds=draw(st.floats(0, 900)),
    )


def a_target(**changes: float) -> ScalingTarget:
    target = ScalingTarget(
        seconds_per_job=10, jobs_at_once=1, target_wait_seconds=60, minimum=0, maximum=10
    )
    return dataclasses.replace(target, **changes)  # type: ignore[arg-type]  # counts are ints


def looking(visible: int, in_flight: int = 0, running: int = 0, pending: int = 0) -> Observation:
    return Observation(visible, in_flight, running, pending)


@given(observations, targets())
def test_desired_tasks_stay_between_the_minimum_and_the_maximum(
    observation: Observation, target: ScalingTarget
) -> None:
    assert target.minimum <= desired_tasks(observation, target) <= target.maximum


@given(observations, targets())
def test_no_task_is_wanted_only_if_nothing_is_visible_and_nothing_is_in_flight(
    observation: Observation, target: ScalingTarget
) -> None:
    target = dataclasses.replace(target, minimum=0, maximum=max(1, target.maximum))
    assert (desired_tasks(observation, target) == 0) == (observation.backlog == 0)


@given(counts, targets())
def test_needed_tasks_are_the_fewest_that_finish_the_backlog_in_time(
    backlog: int, target: ScalingTarget
) -> None:
    # A round longer than the target cannot be shortened: then one round is the target.
    target_wait = max(target.target_wait_seconds, target.seconds_per_job)

    def seconds(tasks: int) -> float:
        rounds = math.ceil(backlog / (tasks * target.jobs_at_once)) if tasks else math.inf
        return 0 if backlog == 0 else rounds * target.seconds_per_job

    tasks = needed_tasks(backlog, target)
    assert seconds(tasks) <= target_wait * (1 + 1e-6)
    if tasks > 0:
        assert seconds(tasks - 1) > target_wait * (1 - 1e-6)


@given(observations, targets(), counts)
def test_more_jobs_never_want_fewer_tasks(
    observation: Observation, target: ScalingTarget, more: int
) -> None:
    busier = dataclasses.replace(observation, visible=observation.visible + more)
    assert desired_tasks(busier, target) >= desired_tasks(observation, target)


@given(observations, targets())
def test_a_fleet_is_never_short_and_spare_at_once(
    observation: Observation, target: ScalingTarget
) -> None:
    found = measure(observation, target)
    assert not (found.shortfall and found.surplus)


@given(observations, targets())
def test_the_count_after_scaling_in_is_never_short_for_the_same_backlog(
    observation: Observation, target: ScalingTarget
) -> None:
    found = measure(observation, target)
    left = dataclasses.replace(
        observation, running=observation.asked_for - found.surplus, pending=0
    )
    if found.surplus:
        assert measure(left, target).shortfall == 0
        assert measure(left, target).surplus == 0


@given(observations, targets())
def test_the_count_after_scaling_out_is_never_spare_for_the_same_backlog(
    observation: Observation, target: ScalingTarget
) -> None:
    found = measure(observation, target)
    grown = dataclasses.replace(observation, pending=observation.pending + found.shortfall)
    if found.shortfall:
        assert measure(grown, target).surplus == 0
        assert measure(grown, target).shortfall == 0


@given(observations, targets())
def test_busy_tasks_are_never_spare(observation: Observation, target: ScalingTarget) -> None:
    busy = math.ceil(observation.in_flight / target.jobs_at_once)
    left = observation.asked_for - measure(observation, target).surplus
    assert left >= min(observation.asked_for, busy, target.maximum)


@given(targets(), st.integers(1, 2000), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_backlog_that_swings_within_the_margin_moves_the_fleet_in_one_direction_only(
    target: ScalingTarget, backlog: int, swings: list[float]
) -> None:
    least = math.ceil(backlog / (1 + target.margin))
    asked, hold, changes = 0, ScaleInHold(), set()
    for tick, swing in enumerate([1.0, *swings]):
        now = tick * (target.hold_seconds + 1)
        size = round(least + (backlog - least) * swing)
        decision = decide(looking(size, pending=asked), target, hold, now)
        hold = decision.hold
        changes.add((decision.desired > asked) - (decision.desired < asked))
        asked = decision.desired
    assert -1 not in changes


@given(targets(), st.lists(st.tuples(counts, counts), min_size=1, max_size=30))
def test_scale_in_waits_until_tasks_were_spare_for_the_whole_holding_time(
    target: ScalingTarget, backlogs: list[tuple[int, int]]
) -> None:
    asked, hold, now = target.maximum, ScaleInHold(), 0.0
    spare_since: float | None = None
    for visible, in_flight in backlogs:
        observation = looking(visible, in_flight, running=asked)
        spare = measure(observation, target).surplus > 0
        spare_since = None if not spare else now if spare_since is None else spare_since
        decision = decide(observation, target, hold, now)
        if decision.desired < asked:
            assert spare_since is not None
            assert now - spare_since >= target.hold_seconds
            assert decision.desired >= asked - measure(observation, target).surplus
            spare_since = None
        asked, hold, now = decision.desired, decision.hold, now + 60


def test_a_held_scale_in_takes_only_what_was_spare_all_the_time() -> None:
    target = a_target(hold_seconds=120)
    hold = ScaleInHold()
    wanted = []
    for tick, backlog in enumerate([0, 30, 6]):
        decision = decide(looking(backlog, running=10), target, hold, tick * 60)
        wanted.append(decision.desired)
        hold = decision.hold
    # With 30 % more than 30 jobs, 7 of the 10 tasks are kept; 8 were spare before and after.
    assert wanted == [10, 10, 7]


def test_scaling_out_forgets_what_was_spare() -> None:
    target = a_target(hold_seconds=60)
    first = decide(looking(0, running=2), target, ScaleInHold(), 0)
    busy = decide(looking(30, running=2), target, first.hold, 30)
    after = decide(looking(0, running=5), target, busy.hold, 60)
    assert (first.desired, busy.desired, after.desired) == (2, 5, 5)


def test_a_quiet_fleet_ends_at_zero_and_a_first_job_wants_one_task() -> None:
    target = a_target(hold_seconds=0)
    assert decide(looking(0, running=3), target, ScaleInHold(), 0).desired == 0
    assert decide(looking(1), target, ScaleInHold(), 0).desired == 1
    assert decide(looking(0, 1, running=1), target, ScaleInHold(), 0).desired == 1


def test_a_count_outside_the_bounds_is_brought_back_at_once() -> None:
    target = a_target(minimum=2, maximum=4)
    assert decide(looking(0), target, ScaleInHold(), 0).desired == 2
    assert decide(looking(90, running=9), target, ScaleInHold(), 0).desired == 4


def test_tasks_that_nothing_has_placed_yet_are_not_asked_for_again() -> None:
    assert measure(looking(30, pending=5), a_target()).shortfall == 0


def test_a_job_longer_than_the_target_still_counts_one_a_task() -> None:
    target = a_target(seconds_per_job=90, target_wait_seconds=60)
    assert desired_tasks(looking(3), target) == 3


def test_rounds_are_not_lost_to_floating_point() -> None:
    assert a_target(seconds_per_job=0.1, target_wait_seconds=0.3).jobs_per_task == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seconds_per_job": 0}, "seconds_per_job"),
        ({"seconds_per_job": math.nan}, "seconds_per_job"),
        ({"jobs_at_once": 0}, "jobs_at_once"),
        ({"minimum": -1}, "minimum"),
        ({"minimum": 5, "maximum": 4}, "maximum"),
        ({"margin": -0.1}, "margin"),
        ({"target_wait_seconds": math.inf}, "target_wait_seconds"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused_by_name(
    changes: dict[str, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        a_target(**changes)


def test_a_negative_count_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="in_flight"):
        Observation(0, -1, 0, 0)
