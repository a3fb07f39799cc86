"""The tasks that a backlog demands, and the shortfall and surplus of a fleet."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.demand import (
    Observation,
    ScalingTarget,
    desired_tasks,
    measure,
    needed_tasks,
)
from discord_diffusion.fleet.work import Work

counts = st.integers(0, 3000)


@st.composite
def works(draw: st.DrawFn) -> Work:
    jobs = draw(counts)
    users = draw(st.integers(min(1, jobs), jobs))
    return Work(jobs, users, jobs * draw(st.floats(0.01, 100)))


observations = st.builds(
    Observation, work=works(), in_flight=counts, running=counts, pending=counts
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
        units_per_job=draw(st.floats(0.1, 100)),
    )


def a_target(**changes: float) -> ScalingTarget:
    target = ScalingTarget(
        seconds_per_job=10, jobs_at_once=1, target_wait_seconds=60, minimum=0, maximum=10
    )
    return dataclasses.replace(target, **changes)  # type: ignore[arg-type]  # counts are ints


def observed(jobs: int, in_flight: int = 0, running: int = 0, pending: int = 0) -> Observation:
    """So many jobs of usual size, each of another user; `in_flight` are some of them."""
    return Observation(Work.usual(jobs, 1.0), in_flight, running, pending)


@given(observations, targets())
def test_desired_tasks_stay_between_the_minimum_and_the_maximum(
    observation: Observation, target: ScalingTarget
) -> None:
    assert target.minimum <= desired_tasks(observation, target) <= target.maximum


@given(observations, targets())
def test_no_task_is_wanted_only_if_no_job_waits_or_is_drawn(
    observation: Observation, target: ScalingTarget
) -> None:
    target = dataclasses.replace(target, minimum=0, maximum=max(1, target.maximum))
    assert (desired_tasks(observation, target) == 0) == (observation.work.jobs == 0)


@given(counts, targets())
def test_needed_tasks_are_the_fewest_that_finish_the_backlog_in_time(
    backlog: int, target: ScalingTarget
) -> None:
    # A round longer than the target cannot be shortened: then one round is the target.
    target_wait = max(target.target_wait_seconds, target.seconds_per_job)

    def seconds(tasks: int) -> float:
        rounds = math.ceil(backlog / (tasks * target.jobs_at_once)) if tasks else math.inf
        return 0 if backlog == 0 else rounds * target.seconds_per_job

    tasks = needed_tasks(Work.usual(backlog, target.units_per_job), target)
    assert seconds(tasks) <= target_wait * (1 + 1e-6)
    if tasks > 0:
        assert seconds(tasks - 1) > target_wait * (1 - 1e-6)


@given(observations, targets(), counts)
def test_more_jobs_never_want_fewer_tasks(
    observation: Observation, target: ScalingTarget, more: int
) -> None:
    work = observation.work
    size = work.units_per_job or 1.0
    grown = Work(work.jobs + more, work.users + more, (work.jobs + more) * size)
    busier = dataclasses.replace(observation, work=grown)
    assert desired_tasks(busier, target) >= desired_tasks(observation, target)


@given(observations, targets())
def test_no_more_tasks_are_wanted_than_users_wait(
    observation: Observation, target: ScalingTarget
) -> None:
    wanted = desired_tasks(observation, dataclasses.replace(target, minimum=0))
    assert wanted <= observation.work.users


def test_the_jobs_of_one_user_want_one_task_however_many_they_are() -> None:
    one_user = Observation(Work(jobs=20, users=1, units=400), 0, 0, 0)
    assert measure(one_user, a_target()).wanted == 1
    two_users = Observation(Work(jobs=21, users=2, units=401), 0, 1, 0)
    assert measure(two_users, a_target()).shortfall == 1


@pytest.mark.parametrize(
    ("units", "wanted"), [(12, 2), (12.1, 3), (6, 1), (6.1, 2), (36, 6), (36.1, 12), (720, 12)]
)
def test_tasks_are_wanted_by_the_work_that_waits(units: float, wanted: int) -> None:
    """Twelve jobs; a task draws six units in the target wait, of 60 s, but only whole jobs."""
    target = a_target(maximum=20)
    assert desired_tasks(Observation(Work(12, 12, units), 0, 0, 0), target) == wanted


def test_what_a_usual_job_costs_sets_the_scale() -> None:
    target = a_target(units_per_job=4, jobs_at_once=2)
    assert target.seconds_per_unit == 10 / (2 * 4)
    assert target.jobs_per_task(4) == 12
    assert target.jobs_per_task(8) == 6
    assert target.jobs_per_task(2) == 24


@given(observations, targets())
def test_a_fleet_never_has_a_shortfall_and_a_surplus_at_once(
    observation: Observation, target: ScalingTarget
) -> None:
    found = measure(observation, target)
    assert not (found.shortfall and found.surplus)


@given(observations, targets())
def test_a_fleet_scaled_in_has_no_shortfall_for_the_same_backlog(
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
def test_a_fleet_scaled_out_has_no_surplus_for_the_same_backlog(
    observation: Observation, target: ScalingTarget
) -> None:
    found = measure(observation, target)
    grown = dataclasses.replace(observation, pending=observation.pending + found.shortfall)
    if found.shortfall:
        assert measure(grown, target).surplus == 0
        assert measure(grown, target).shortfall == 0


@given(observations, targets())
def test_busy_tasks_are_never_a_surplus(observation: Observation, target: ScalingTarget) -> None:
    busy = math.ceil(observation.in_flight / target.jobs_at_once)
    left = observation.asked_for - measure(observation, target).surplus
    assert left >= min(observation.asked_for, busy, target.maximum)


@given(targets(), st.integers(1, 2000), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_fleet_sized_for_a_backlog_has_no_surplus_while_it_swings_within_the_margin(
    target: ScalingTarget, backlog: int, swings: list[float]
) -> None:
    least = math.ceil(backlog / (1 + target.margin))
    asked_for = measure(observed(backlog), target).wanted
    for swing in swings:
        size = round(least + (backlog - least) * swing)
        found = measure(observed(size, pending=asked_for), target)
        assert (found.shortfall, found.surplus) == (0, 0)


def test_a_quiet_fleet_may_stop_whole_and_a_first_job_wants_one_task() -> None:
    assert measure(observed(0, running=3), a_target()).surplus == 3
    assert measure(observed(1), a_target()).shortfall == 1
    assert measure(observed(1, 1, running=1), a_target()).surplus == 0


@pytest.mark.parametrize(
    ("jobs_at_once", "visible", "in_flight", "wanted"),
    [(1, 13, 0, 3), (4, 24, 0, 1), (4, 25, 0, 2), (4, 20, 28, 2), (64, 384, 1, 2)],
)
def test_a_task_that_draws_jobs_together_finishes_so_many_more_of_them(
    jobs_at_once: int, visible: int, in_flight: int, wanted: int
) -> None:
    # Six rounds of 10 s fit into the target of 60 s.
    target = a_target(jobs_at_once=jobs_at_once)
    assert target.jobs_per_task(1) == 6 * jobs_at_once
    assert desired_tasks(observed(visible + in_flight, in_flight), target) == wanted


@pytest.mark.parametrize(
    ("in_flight", "surplus"), [(0, 5), (1, 4), (4, 4), (5, 3), (12, 2), (17, 0)]
)
def test_tasks_that_jobs_in_flight_do_not_fill_are_a_surplus(in_flight: int, surplus: int) -> None:
    target = a_target(jobs_at_once=4)
    assert measure(observed(in_flight, in_flight, running=5), target).surplus == surplus


def test_a_task_that_holds_only_messages_of_jobs_that_have_ended_is_busy_and_not_wanted() -> None:
    found = measure(observed(0, in_flight=1, running=2), a_target())
    assert (found.wanted, found.surplus) == (0, 1)


def test_the_margin_of_the_backlog_is_kept_when_scaling_in() -> None:
    target = a_target(jobs_at_once=2, margin=0.5)  # 12 jobs a task
    assert measure(observed(16, running=5), target).surplus == 3
    assert measure(observed(17, running=5), target).surplus == 2


@pytest.mark.parametrize(("users", "surplus"), [(2, 2), (3, 1), (4, 0)])
def test_the_margin_of_the_users_is_kept_when_scaling_in(users: int, surplus: int) -> None:
    work = Observation(Work(60, users, 60), 0, 5, 0)
    assert measure(work, a_target(margin=0.3)).surplus == surplus


def test_a_count_outside_the_bounds_is_brought_back() -> None:
    target = a_target(minimum=2, maximum=4)
    assert measure(observed(0), target).shortfall == 2
    assert measure(observed(90, running=9), target).surplus == 5


@pytest.mark.parametrize(("tasks", "bounds"), [(1, (1, 1)), (3, (2, 3)), (9, (2, 4)), (0, (0, 0))])
def test_a_target_of_fewer_tasks_keeps_all_else(tasks: int, bounds: tuple[int, int]) -> None:
    target = a_target(minimum=2, maximum=4, units_per_job=3)
    minimum, maximum = bounds
    assert target.at_most(tasks) == a_target(minimum=minimum, maximum=maximum, units_per_job=3)


def test_tasks_without_an_instance_yet_are_not_asked_for_again() -> None:
    assert measure(observed(30, pending=5), a_target()).shortfall == 0


def test_a_job_longer_than_the_target_still_counts_one_a_task() -> None:
    target = a_target(seconds_per_job=90, target_wait_seconds=60)
    assert desired_tasks(observed(3), target) == 3


def test_rounds_are_not_lost_to_floating_point() -> None:
    assert a_target(seconds_per_job=0.1, target_wait_seconds=0.3).jobs_per_task(1) == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seconds_per_job": 0}, "seconds_per_job"),
        ({"seconds_per_job": math.nan}, "seconds_per_job"),
        ({"units_per_job": 0}, "units_per_job"),
        ({"units_per_job": math.inf}, "units_per_job"),
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
    with pytest.raises(ValueError, match=f"^{named} is "):
        a_target(**changes)


def test_a_negative_count_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^in_flight is -1;"):
        Observation(Work(), -1, 0, 0)
