"""The bills: what they add up to, and that the documentation shows them as they are computed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.capacity import prices
from infra.capacity.costs import original, ours
from infra.capacity.costs.compare import (
    IDLE,
    LARGE,
    REGIONS,
    SMALL,
    Load,
    bill_of_original,
    bill_of_ours,
)
from infra.capacity.costs.estimate import estimate
from infra.capacity.costs.lines import Line, counts, total
from infra.capacity.costs.sensitivity import (
    BREAK_EVENS,
    DOUBTS,
    Doubt,
    break_even,
    times_cheaper_if,
)
from infra.capacity.day.run import HOLD_SECONDS
from infra.documents.computed_parts import COST_PARTS, render

DOCUMENT = Path(__file__).parents[4] / "docs" / "costs.md"
INFRA = Path(__file__).parents[4] / "infra"
IDLE_BUDGET = 5.0


def test_the_costs_in_the_documentation_are_those_that_the_model_computes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert render(text) == text
    assert [name for name in COST_PARTS if f"<!-- computed: {name} -->" not in text] == []


def test_an_idle_month_stays_within_its_budget() -> None:
    assert 0 < bill_of_ours(IDLE).dollars <= IDLE_BUDGET


@pytest.mark.parametrize("load", [SMALL, LARGE])
def test_a_picture_is_five_times_cheaper_than_the_originals_where_a_deployment_goes_by_default(
    load: Load,
) -> None:
    assert f'default     = "{REGIONS[0]}"' in (INFRA / "variables.tf").read_text(encoding="utf-8")
    assert bill_of_original(load).per_thousand >= 5.0 * bill_of_ours(load).per_thousand


def test_what_is_worse_than_it_is_taken_for_makes_it_less_cheap() -> None:
    expected, *worse = (times_cheaper_if(doubt, SMALL) for doubt in DOUBTS)
    assert expected == pytest.approx(
        bill_of_original(SMALL).per_thousand / bill_of_ours(SMALL).per_thousand
    )
    assert all(1 < one < expected for one in worse)


@pytest.mark.parametrize(("name", "doubt"), BREAK_EVENS)
def test_a_break_even_is_where_five_times_ends(name: str, doubt: Callable[[float], Doubt]) -> None:
    found = break_even(doubt, SMALL, 5.0)
    assert 1 < found < 2, name
    assert times_cheaper_if(doubt(found), SMALL) >= 5.0
    assert times_cheaper_if(doubt(found + 0.05), SMALL) < 5.0


def test_the_model_holds_tasks_as_long_as_a_deployment_does() -> None:
    text = (INFRA / "variables_fleet.tf").read_text(encoding="utf-8")
    assert f"scale_in_hold_seconds = optional(number, {HOLD_SECONDS:g})" in text


def test_an_idle_month_has_no_instance_and_no_job() -> None:
    assert total(bill_of_ours(IDLE).working) == 0
    assert total(bill_of_original(IDLE).working) == 0


@pytest.mark.parametrize("load", [SMALL, LARGE])
def test_both_architectures_meet_the_same_requests(load: object) -> None:
    assert bill_of_original(load).use.asked == bill_of_ours(load).use.asked  # type: ignore[arg-type]


def test_a_month_asks_for_about_as_many_pictures_as_its_load_says() -> None:
    for load in (SMALL, LARGE):
        assert bill_of_ours(load).use.asked * 4 == pytest.approx(load.pictures, rel=0.06)


def test_every_price_and_count_is_used() -> None:
    """A figure that nothing uses says something that nothing checks."""
    sources = "".join(
        Path(module.__file__).read_text(encoding="utf-8")
        for module in (original, ours)
        if module.__file__
    )
    named = [key for key in {**prices.load().numbers, **counts().numbers} if f'"{key}"' in sources]
    unused = {*prices.load().numbers, *counts().numbers} - set(named)
    assert unused == set()


def test_a_line_is_its_count_times_its_price() -> None:
    assert total([Line("a", 3, 0.5), Line("b", 2, 1.0)]) == 3.5


def test_spot_is_cheaper_than_on_demand_and_a_share_lies_between() -> None:
    for instance in prices.load().instances:
        assert instance.hour(1) < instance.hour(0.5) < instance.hour(0)


def test_the_estimate_names_the_most_that_can_be_spent_in_an_hour_on_demand() -> None:
    found = estimate("g4dn.xlarge", "us-east-1", 100, maximum_tasks=4)
    assert found.hour is not None
    assert found.most_per_hour is not None
    assert found.most_per_hour > 4 * 0.526 > 4 * found.hour
    assert found.notes == ()


def test_the_estimate_says_where_a_price_is_from_if_not_from_the_region() -> None:
    found = estimate("g4dn.xlarge", "eu-west-1", 100, maximum_tasks=1)
    assert found.hour == estimate("g4dn.xlarge", "us-east-1", 100, maximum_tasks=1).hour
    assert any("us-east-1" in note for note in found.notes)


def test_the_estimate_of_an_unknown_type_holds_the_idle_month_alone() -> None:
    found = estimate("p9.huge", "us-east-1", 100, maximum_tasks=1)
    assert found.idle_month > 0
    assert (found.hour, found.thousand_pictures, found.most_per_hour) == (None, None, None)
