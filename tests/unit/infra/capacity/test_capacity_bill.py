"""The bills: their totals, and that docs/costs.md shows the computed ones."""

import inspect
from pathlib import Path

import pytest

from infra.capacity import bill as bill_module
from infra.capacity.bill import (
    COMMUNITY_SIZES,
    IDLE,
    LARGE,
    LOADS,
    REGIONS,
    SMALL,
    Line,
    bill,
    community,
    total,
)
from infra.capacity.estimate import SPEEDS, estimate
from infra.capacity.figures import counts, instances, prices, speed
from infra.capacity.pages import COST_PARTS, render
from infra.capacity.simulation.day import (
    DEFAULT,
    SECOND_INSTANCE,
    STOP_SECONDS,
    WARM_POOL,
    day_of,
)
from infra.capacity.tables.thousand import thousand_pictures
from infra.terraform_numbers import terraform_number

ROOT = Path(__file__).parents[4]
DOCUMENT = ROOT / "docs" / "costs.md"
IDLE_BUDGET = 5.0


def test_the_costs_on_the_page_are_those_that_the_model_computes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert render(text) == text
    assert [name for name in COST_PARTS if f"<!-- computed: {name} -->" not in text] == []


def test_the_first_region_is_where_a_deployment_goes_by_default() -> None:
    variables = (ROOT / "infra" / "variables.tf").read_text(encoding="utf-8")
    assert f'default     = "{REGIONS[0]}"' in variables


def test_an_idle_month_stays_within_its_budget() -> None:
    assert 0 < bill(IDLE).dollars <= IDLE_BUDGET


def test_an_idle_month_has_no_instance_and_no_job() -> None:
    assert total(bill(IDLE).working) == 0


def test_a_month_asks_for_about_as_many_pictures_as_its_load_says() -> None:
    for load in (SMALL, LARGE):
        assert bill(load).use.requests * 4 == pytest.approx(load.pictures, rel=0.06)


def test_a_dearer_region_makes_a_month_dearer() -> None:
    for load in LOADS:
        assert bill(load, REGIONS[1]).per_thousand > bill(load, REGIONS[0]).per_thousand


def test_every_price_and_count_is_used() -> None:
    """An unused figure would be documented although nothing checks it."""
    source = inspect.getsource(bill_module)
    assert [key for key in (*prices().numbers, *counts().numbers) if f'"{key}"' not in source] == []


def test_a_line_is_its_count_times_its_price() -> None:
    assert total([Line("a", 3, 0.5), Line("b", 2, 1.0)]) == 3.5


def test_spot_is_cheaper_than_on_demand_and_a_share_lies_between() -> None:
    for instance in instances():
        assert instance.hour(1) < instance.hour(0.5) < instance.hour(0)


def test_the_estimate_names_the_most_that_can_be_spent_in_an_hour_on_demand() -> None:
    found = estimate("g4dn.xlarge", "us-east-1", 100, maximum_tasks=4)
    assert found.hour is not None
    assert found.most_per_hour is not None
    assert found.most_per_hour > 4 * 0.526 > 4 * found.hour
    assert found.notes == ()


@pytest.mark.parametrize(
    ("tasks", "a_day", "a_month", "hours"),
    [
        (4, 24, 300, 300),
        (4, 24, 0, 24 * 31),
        (4, 0, 0, 4 * 24 * 31),
        (0, 24, 300, 0),
        (1, 2, 300, 62),
    ],
)
def test_the_most_in_a_month_ends_at_the_tighter_cap(
    tasks: int, a_day: float, a_month: float, hours: float
) -> None:
    found = estimate(
        "g4dn.xlarge", "us-east-1", 100, tasks, hours_a_day=a_day, hours_a_month=a_month
    )
    assert found.most_hours == hours
    one = estimate("g4dn.xlarge", "us-east-1", 100, maximum_tasks=1).most_per_hour
    assert one is not None
    assert found.most_per_month == pytest.approx(found.idle_month + hours * one)


def test_the_estimate_says_where_a_price_is_from_if_not_from_the_region() -> None:
    found = estimate("g4dn.xlarge", "eu-west-1", 100, maximum_tasks=1)
    assert found.hour == estimate("g4dn.xlarge", "us-east-1", 100, maximum_tasks=1).hour
    assert any("us-east-1" in note for note in found.notes)


def test_the_estimate_of_an_unknown_type_holds_the_idle_month_alone() -> None:
    found = estimate("p9.huge", "us-east-1", 100, maximum_tasks=1)
    assert found.idle_month > 0
    assert (found.hour, found.thousand_pictures, found.most_per_hour) == (None, None, None)


def test_a_community_costs_more_on_demand_with_a_second_instance_and_with_more_members() -> None:
    dollars = [bill(community(members)).dollars for members in COMMUNITY_SIZES]
    assert bill(IDLE).dollars < dollars[0] < dollars[1] < dollars[2]
    small = community(COMMUNITY_SIZES[0])
    assert bill(small, variant=SECOND_INSTANCE).dollars > dollars[0]
    assert bill(small, spot_share=0).dollars > dollars[0]


def test_the_bill_is_for_the_steps_of_each_quality() -> None:
    """Drawing takes in proportion to the steps, and half as long without guidance."""
    fast, better, best = (
        int(terraform_number("variables_quality.tf", f"{quality}_steps"))
        for quality in ("fast", "better", "best")
    )
    guided, decoder = best / 1.79, 0.86
    for quality, steps in (("fast", fast), ("better", better)):
        seconds = speed(SPEEDS["g4dn.xlarge", quality]).seconds
        assert seconds == pytest.approx(guided * steps / best / 2 + decoder, abs=0.1)
    assert speed(SPEEDS["g4dn.xlarge", "best"]).seconds == pytest.approx(guided + decoder, abs=0.1)
    guided, decoder = best * 4 / 15.6, 0.39
    for quality, steps, passes in (("fast", fast, 1), ("better", better, 1), ("best", best, 2)):
        seconds = speed(SPEEDS["g5.xlarge", quality]).seconds
        assert seconds == pytest.approx(guided * steps * passes / best / 2 + decoder, abs=0.1)
    assert speed(DEFAULT.speed).name == SPEEDS["g4dn.xlarge", "fast"]


def test_a_thousand_pictures_of_the_default_cost_five_cents_at_most() -> None:
    """GPU on Spot, traffic and requests together, as a deployment is without any setting."""
    for region in REGIONS:
        assert sum(thousand_pictures("fast", region)) <= 0.05
        assert sum(thousand_pictures("better", region)) <= 0.07
        assert sum(thousand_pictures("fast", region)) < sum(thousand_pictures("best", region))


def test_the_estimate_is_for_the_quality_and_says_nothing_of_another_model() -> None:
    found = {
        quality: estimate("g4dn.xlarge", "us-east-2", 100, 4, quality=quality)
        for quality in ("fast", "better", "best", None)
    }
    dollars = [found[quality].thousand_pictures or 0 for quality in ("fast", "better", "best")]
    assert 0 < dollars[0] < dollars[1] < dollars[2]
    assert found[None].thousand_pictures is None
    assert found[None].notes == ("How fast the model draws is not known here.",)


def test_a_warm_pool_costs_its_volumes_while_nobody_asks() -> None:
    without = estimate("g4dn.xlarge", "us-east-1", 0, maximum_tasks=4)
    found = estimate("g4dn.xlarge", "us-east-1", 0, maximum_tasks=4, warm_pool_size=2)
    assert found.idle_month - without.idle_month == pytest.approx(2 * 40 * 0.08)


def test_a_month_with_a_warm_pool_pays_for_its_fillings_and_for_no_spot() -> None:
    load = community(50)
    found = bill(load, variant=WARM_POOL)
    assert found.dollars == bill(load, variant=WARM_POOL, spot_share=0).dollars
    day = day_of(WARM_POOL, jobs=load.jobs_per_day)
    fill = 75 + 109 + STOP_SECONDS
    filling = day.ledger.pool_fillings * fill
    assert day.ledger.pool_fillings > 0
    assert day.ledger.instance_seconds > filling
