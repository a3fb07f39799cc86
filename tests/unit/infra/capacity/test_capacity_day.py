"""Whole days: what must hold under every policy, and what ours does better."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.capacity.day.arrivals import Arrival, a_day
from infra.capacity.day.fleet import Fleet, Task
from infra.capacity.day.outcome import Day, Fate, quantile
from infra.capacity.day.run import (
    COMPARED,
    HELD,
    HOLD_SECONDS,
    ORIGINAL,
    OURS,
    PROVIDER_ALONE,
    QUEUE_DEPTH,
    SEED,
    Variant,
    day_of,
    simulate,
)
from infra.capacity.figures import load

FIGURES = load()
VARIANTS = (*COMPARED, HELD, PROVIDER_ALONE)
HOUR = 3600.0


def asked(*requests: tuple[float, int]) -> tuple[Arrival, ...]:
    return tuple(Arrival(n, at, user) for n, (at, user) in enumerate(sorted(requests)))


def check(day: Day, variant: Variant) -> None:
    """What holds for every day of every policy."""
    ended = Counter(ending.job.id for ending in day.ledger.endings)
    assert set(ended.values()) <= {1}
    assert day.count(Fate.ANSWERED) + day.lost == day.arrived
    assert sum(map(day.count, Fate)) + day.unfinished == day.arrived
    job_seconds = FIGURES.speed(variant.speed).seconds
    for ending in day.ledger.endings:
        if ending.fate is Fate.ANSWERED:
            assert job_seconds <= ending.wait + 1e-6 <= 900 + 1e-6
    assert day.ledger.busy_seconds <= day.ledger.instance_seconds + 1e-6
    assert day.ledger.wasted_seconds <= day.ledger.busy_seconds + 1e-6
    done = day.count(Fate.ANSWERED) * job_seconds
    assert math.isclose(day.ledger.busy_seconds - day.ledger.wasted_seconds, done, abs_tol=1e-3)
    for sample in day.ledger.samples:
        assert sample.tasks <= sample.instances <= FIGURES.count("tasks_maximum")
    if variant.careful:
        assert day.ledger.killed_while_busy == 0
        assert day.ledger.wasted_seconds == 0


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
    check(simulate(variant, asked(*requests), FIGURES, seed), variant)


@pytest.mark.parametrize("variant", [ORIGINAL, OURS], ids=lambda variant: variant.name)
def test_no_task_works_on_two_jobs_and_no_user_has_two_in_work(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[float, Task, Arrival]] = []
    work = Fleet._work

    def recorded(self: Fleet, task: Task, job: Arrival) -> None:
        begun.append((self.clock.now, task, job))
        work(self, task, job)

    monkeypatch.setattr(Fleet, "_work", recorded)
    simulate(variant, a_day(3)[:900], FIGURES, 3)
    length = FIGURES.speed(variant.speed).seconds
    for key in (lambda entry: id(entry[1]), lambda entry: entry[2].user):
        for _, entries in itertools.groupby(sorted(begun, key=key), key=key):
            times = sorted(time for time, _, _ in entries)
            assert all(b - a >= length - 1e-6 for a, b in itertools.pairwise(times))


def test_a_day_is_the_same_every_time() -> None:
    once, twice = (simulate(OURS, a_day(SEED), FIGURES, SEED) for _ in range(2))
    assert once.ledger == twice.ledger


def test_a_fleet_that_nobody_asks_costs_no_gpu() -> None:
    for variant in VARIANTS:
        day = simulate(variant, (), FIGURES, 0)
        assert (day.gpu_hours, day.ledger.endings) == (0, [])


def test_the_first_job_of_a_sleeping_fleet_waits_for_its_boot_and_not_much_more() -> None:
    for variant, most in ((PROVIDER_ALONE, 60 + 10), (OURS, 5)):
        boot = FIGURES.boots[variant.boot].phases().total_seconds
        job = FIGURES.speed(variant.speed).seconds
        day = simulate(variant, asked((HOUR + 31, 1)), FIGURES, 0)
        assert abs(day.ledger.endings[0].wait - boot - job) <= most


def test_a_fleet_returns_to_nothing_after_its_work() -> None:
    for variant in VARIANTS:
        day = simulate(variant, asked(*((HOUR + n, n) for n in range(30))), FIGURES, 0)
        assert (day.ledger.samples[-1].tasks, day.ledger.samples[-1].instances) == (0, 0)


def test_two_requests_at_once_are_not_woken_for_by_the_originals_start_from_zero() -> None:
    one = simulate(ORIGINAL, asked((HOUR + 5, 1)), FIGURES, 0)
    two = simulate(ORIGINAL, asked((HOUR + 5, 1), (HOUR + 6, 2)), FIGURES, 0)
    assert (one.ledger.wakes, two.ledger.wakes) == (1, 0)
    assert two.ledger.endings[0].wait > one.ledger.endings[0].wait + 60


def test_the_queue_depth_alarm_may_be_late_after_six_idle_hours() -> None:
    waits = [
        simulate(QUEUE_DEPTH, asked((10, 1), (9 * HOUR, 2)), FIGURES, seed).ledger.endings[1]
        for seed in range(6)
    ]
    job = FIGURES.speed(QUEUE_DEPTH.speed).seconds
    boot = FIGURES.boots["original"].phases().total_seconds
    late = [ending.at - ending.job.at - boot - job for ending in waits]
    assert max(late) > 300
    assert max(late) <= 900 + 180


def test_a_burst_is_answered_by_a_fleet_that_grows_at_once() -> None:
    burst = asked((HOUR, 0), *((2 * HOUR + n / 10, n) for n in range(200)))
    ours, original = (simulate(v, burst, FIGURES, 1) for v in (OURS, ORIGINAL))
    assert ours.lost == 0
    assert original.lost > 100
    assert max(s.tasks for s in ours.ledger.samples) == FIGURES.count("tasks_maximum")


def test_hopeless_jobs_are_refused_at_once_and_cost_no_gpu() -> None:
    flood = asked(*((HOUR + n / 100, n) for n in range(2000)))
    day = simulate(OURS, flood, FIGURES, 1)
    assert day.count(Fate.REFUSED) > 500
    assert day.count(Fate.SILENT) == 0
    assert day.ledger.wasted_seconds == 0
    refused = [e.at - e.job.at for e in day.ledger.endings if e.fate is Fate.REFUSED]
    assert quantile(sorted(refused), 0.9) == 0


@pytest.mark.parametrize("seed", [SEED, 1, 2])
def test_ours_loses_less_and_answers_sooner_than_the_original_on_the_same_day(seed: int) -> None:
    ours, original = day_of(OURS, seed), day_of(ORIGINAL, seed)
    assert ours.arrived == original.arrived
    assert ours.lost == 0 < original.lost
    for part in (0.5, 0.75, 0.9, 0.95):
        assert quantile(ours.waits, part) < quantile(original.waits, part)


def test_an_instance_that_nobody_needs_is_gone_long_before_a_capacity_provider_would_take_it() -> (
    None
):
    """The last job's end, the holding time, the alarm's minute and two looks: no more."""
    one = asked((HOUR, 1))
    ours, alone = (simulate(v, one, FIGURES, 0) for v in (OURS, PROVIDER_ALONE))
    ended = ours.ledger.endings[0].at
    last = max(s.at for s in ours.ledger.samples if s.instances)
    assert last - ended <= HOLD_SECONDS + 60 + 60 + 30
    assert ours.gpu_hours < alone.gpu_hours / 3
