"""Keeps the computed parts of `docs/capacity.md` and `docs/costs.md` what the model computes.

A part stands between `<!-- computed: NAME -->` and `<!-- end -->`.
"""

import re
from collections.abc import Callable, Mapping

from infra.capacity import day_tables, tables
from infra.capacity.costs import tables as cost_tables
from infra.capacity.figures import load

_PART = re.compile(r"<!-- computed: (?P<name>[a-z-]+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)

PARTS: Mapping[str, Callable[[], str]] = {
    "answer": lambda: tables.answer(load()),
    "claims": lambda: tables.claims_table(load()),
    "front": lambda: tables.front_table(load()),
    "fleets": lambda: tables.fleets_table(load()),
    "quota": lambda: tables.quota_table(load()),
    "aim": lambda: tables.aim_table(load()),
    "awake": lambda: tables.awake_table(load()),
    "boots": lambda: tables.boots_table(load()),
    "compared": day_tables.compared_table,
    "ratios": day_tables.ratios,
    "levers": day_tables.levers_table,
    "seeds": day_tables.seeds_table,
    "sources": lambda: tables.sources_table(load()),
}

COST_PARTS: Mapping[str, Callable[[], str]] = {
    "cost-compared": cost_tables.compared_table,
    "cost-levers": cost_tables.levers_table,
    "cost-sensitivity": cost_tables.sensitivity_table,
    "cost-idle": cost_tables.idle_table,
    "cost-idle-original": cost_tables.idle_original_table,
    "cost-busy": cost_tables.busy_table,
    "cost-busy-original": cost_tables.busy_original_table,
    "cost-counts": cost_tables.counts_table,
    "cost-prices": cost_tables.prices_table,
}
_ALL = {**PARTS, **COST_PARTS}


class UnknownPartError(ValueError):
    """The document asks for a part that the model does not compute."""


def render(document: str) -> str:
    """The document with every computed part made anew; all else stays as it is."""

    def made(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in _ALL:
            raise UnknownPartError(f"no part is called {name!r}; there are {', '.join(_ALL)}")
        return f"<!-- computed: {name} -->\n{_ALL[name]()}\n<!-- end -->"

    return _PART.sub(made, document)
