"""Keeps the computed parts of docs/capacity.md and docs/costs.md up to date.

A part is the text between `<!-- computed: NAME -->` and `<!-- end -->`.
"""

import re
from collections.abc import Callable, Mapping

from infra.capacity.tables import days_and_bills, limits, thousand

_PART = re.compile(r"<!-- computed: (?P<name>[a-z-]+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)

CAPACITY_PARTS: Mapping[str, Callable[[], str]] = {
    "summary": limits.summary,
    "front": limits.front_table,
    "fleets": limits.fleets_table,
    "quota": limits.quota_table,
    "example-rate": limits.example_rate_table,
    "awake": limits.awake_table,
    "boot": limits.boot_table,
    "starts": limits.starts_table,
    "days": days_and_bills.days_table,
    "seeds": days_and_bills.seeds_sentence,
    "figures": limits.figures_table,
}
COST_PARTS: Mapping[str, Callable[[], str]] = {
    "communities": days_and_bills.communities_table,
    "months": days_and_bills.months_table,
    "variants": days_and_bills.variants_table,
    "thousand": thousand.thousand_table,
    "warm-pool": days_and_bills.warm_pool_table,
    "idle": days_and_bills.idle_table,
    "busy": days_and_bills.busy_table,
    "counts": days_and_bills.counts_table,
    "prices": days_and_bills.prices_table,
}
PARTS = {**CAPACITY_PARTS, **COST_PARTS}


class UnknownPartError(ValueError):
    """A page asks for a part that the model does not compute."""


def render(page: str) -> str:
    """The page with every part computed again; all else stays as it is.

    Raises:
        UnknownPartError: a part's name is not in `PARTS`.
    """

    def computed(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in PARTS:
            raise UnknownPartError(f"no part is called {name!r}; there are {', '.join(PARTS)}")
        return f"<!-- computed: {name} -->\n{PARTS[name]()}\n<!-- end -->"

    return _PART.sub(computed, page)
