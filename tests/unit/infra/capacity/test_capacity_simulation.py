"""Whole simulated days: the invariants of every variant, and the results of the policy."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.capacity.figures import Stage, boots, figures, speed
from infra.capacity.simulation.day import (
    BEST,
    DEFAULT,
    HOLD_15_MINUTES,
    HOLD_SECONDS,
    PROVIDER_ALONE,
    SEED,
    VARIANTS,
    WARM_POOL,
    Variant,
    day_of,
    simulate,
)
from infra.capacity.simulation.fleet import Fleet, Task
from infra.capacity.simulation.jobs import Job, arrivals
from infra.capacity.simulation.outcome import Day, Fate, quantile
from infra.terraform_numbers import terraform_number

MAXIMUM_TASKS = figures().count("tasks_maximum")
HOUR = 3600.0


def jobs_at(*requests: tuple[float, int]) -> tuple[Job, ...]:
    """A job for each time and user."""
    return tuple(Job(n, at, user) for n, (at, user) in enumerate(sorted(requests)))


def check(day: Day, variant: Variant) -> None:
    """Assert the invariants of every day of every variant."""
    ended = Counter(ending.job.id for ending in day.ledger.endings)
    assert set(ended.values()) <= {1}
    assert day.count(Fate.ANSWERED) + day.lost == day.arrived
    assert sum(map(day.count, Fate)) + day.unfinished == day.arrived
    job_seconds = speed(variant.speed).seconds
    for ending in day.ledger.endings:
        if ending.fate is Fate.ANSWERED:
            assert job_seconds <= ending.wait + 1e-6 <= 900 + 1e-6
    assert day.ledger.busy_seconds <= day.ledger.instance_seconds + 1e-6
    done = day.count(Fate.ANSWERED) * job_seconds
    assert math.isclose(day.ledger.busy_seconds, done, abs_tol=1e-3)
    for sample in day.ledger.samples:
        assert sample.tasks <= sample.instances <= MAXIMUM_TASKS


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_job_is_accounted_for_and_no_hour_is_worked_that_was_not_paid(
    variant: Variant,
) -> None:
    check(day_of(variant), variant)
    assert day_of(variant).unfinished == 0


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.floats(0, 20 * HOUR), st.integers(0, 5)), min_size=1, max_size=80),
    st.sampled_from(VARIANTS),
    st.integers(0, 99),
)
def test_any_arrivals_are_accounted_for(
    requests: list[tuple[float, int]], variant: Variant, seed: int
) -> None:
    check(simulate(variant, jobs_at(*requests), seed), variant)


@pytest.mark.parametrize("variant", [HOLD_15_MINUTES, DEFAULT], ids=lambda variant: variant.name)
def test_no_task_works_on_two_jobs_and_no_user_has_two_in_work(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[float, Task, Job]] = []
    draw = Fleet._draw

    def recorded(self: Fleet, task: Task, job: Job) -> None:
        begun.append((self.clock.now, task, job))
        draw(self, task, job)

    monkeypatch.setattr(Fleet, "_draw", recorded)
    simulate(variant, arrivals(3)[:900], 3)
    length = speed(variant.speed).seconds
    for key in (lambda entry: id(entry[1]), lambda entry: entry[2].user):
        for _, entries in itertools.groupby(sorted(begun, key=key), key=key):
            times = sorted(time for time, _, _ in entries)
            assert all(b - a >= length - 1e-6 for a, b in itertools.pairwise(times))


def test_a_day_is_the_same_every_time() -> None:
    once, twice = (simulate(DEFAULT, arrivals(SEED), SEED) for _ in range(2))
    assert once.ledger == twice.ledger


def test_a_day_without_jobs_costs_no_gpu() -> None:
    for variant in VARIANTS:
        day = simulate(variant, (), 0)
        assert (day.gpu_hours, day.ledger.endings) == (0, [])


def test_the_first_job_of_a_sleeping_fleet_waits_for_its_boot_and_little_more() -> None:
    for variant, most in ((PROVIDER_ALONE, 60 + 10), (DEFAULT, 5)):
        boot = boots()[variant.boot].total_seconds
        job = speed(variant.speed).seconds
        day = simulate(variant, jobs_at((HOUR + 31, 1)), 0)
        assert abs(day.ledger.endings[0].wait - boot - job) <= most


def test_a_fleet_returns_to_zero_after_its_work() -> None:
    for variant in VARIANTS:
        day = simulate(variant, jobs_at(*((HOUR + n, n) for n in range(30))), 0)
        assert (day.ledger.samples[-1].tasks, day.ledger.samples[-1].instances) == (0, 0)


def test_a_burst_is_answered_by_a_fleet_that_grows_at_once() -> None:
    burst = jobs_at((HOUR, 0), *((2 * HOUR + n / 10, n) for n in range(400)))
    day = simulate(DEFAULT, burst, 1)
    assert day.lost == 0
    assert max(sample.tasks for sample in day.ledger.samples) == MAXIMUM_TASKS


def test_jobs_that_cannot_be_answered_in_time_are_refused_at_once_and_cost_no_gpu() -> None:
    flood = jobs_at(*((HOUR + n / 100, n) for n in range(2000)))
    day = simulate(BEST, flood, 1)
    assert day.count(Fate.REFUSED) > 500
    answered = day.count(Fate.ANSWERED) * speed(BEST.speed).seconds
    assert math.isclose(day.ledger.busy_seconds, answered)
    refused = [e.at - e.job.at for e in day.ledger.endings if e.fate is Fate.REFUSED]
    assert quantile(sorted(refused), 0.9) == 0


@pytest.mark.parametrize("seed", [SEED, 1, 2])
def test_every_job_of_a_usual_day_is_answered(seed: int) -> None:
    assert day_of(DEFAULT, seed).lost == 0


def test_an_empty_instance_is_released_long_before_a_capacity_provider_would_release_it() -> None:
    """Within the holding time, the alarm's minute and two observations after the last job."""
    one = jobs_at((HOUR, 1))
    default, alone = (simulate(variant, one, 0) for variant in (DEFAULT, PROVIDER_ALONE))
    ended = default.ledger.endings[0].at
    last = max(sample.at for sample in default.ledger.samples if sample.instances)
    assert last - ended <= HOLD_SECONDS + 60 + 60 + 30
    assert default.gpu_hours < alone.gpu_hours / 3


def test_the_model_holds_tasks_as_long_as_a_deployment_does() -> None:
    assert HOLD_SECONDS == terraform_number("variables_fleet.tf", "scale_in_hold_seconds") == 120


def test_a_start_from_the_warm_pool_takes_its_boot_and_a_pool_that_is_full_again_the_same() -> None:
    warm = boots()["warm_pool"].total_seconds
    drawn = speed(WARM_POOL.speed).seconds
    day = simulate(WARM_POOL, jobs_at((HOUR, 1), (2 * HOUR, 2)), SEED)
    assert day.waits == [pytest.approx(warm + drawn)] * 2
    assert day.ledger.pool_fillings == 2


def test_more_instances_than_the_pool_holds_are_new_ones() -> None:
    crowd = jobs_at(*((HOUR, user) for user in range(240)))
    day = simulate(WARM_POOL, crowd, SEED)
    assert day.waits[0] < boots()["deployed"].total_seconds < day.waits[-1]
    assert max(sample.instances for sample in day.ledger.samples) > 1
    assert day.ledger.pool_fillings <= 2


def test_a_variants_boot_has_its_own_stages_and_all_others_in_order() -> None:
    for name, boot in boots().items():
        stages = [step.stage for step in boot.steps]
        assert stages == sorted(stages, key=list(Stage).index), name
        assert set(stages) == set(Stage), name
    assert boots()["warm_pool_250"].total_seconds < 90 < boots()["warm_pool"].total_seconds
