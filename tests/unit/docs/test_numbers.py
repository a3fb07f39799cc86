"""Numbers in the documentation are those of their source.

A marker in a line of a page names the source of a number in that line:

    kept for 14 days <!-- from infra/variables_x.tf: retention_seconds / 86400 -->

The source is a Terraform file, a module of Python with a constant, or a state machine. The line has
to contain the source's number, divided by what stands behind the slash.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from infra.terraform_numbers import NumberNotFoundError, terraform_number
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
MARKER = re.compile(r"<!-- from (?P<file>[\w./-]+): (?P<name>\w+)(?: / (?P<divisor>\d+))? -->")
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?")


class Marked(NamedTuple):
    """A line with a marker."""

    page: str
    line: str
    file: str
    name: str
    divisor: float


def marked() -> Iterator[Marked]:
    """Every marker of every page."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for line in path.read_text().splitlines():
            for found in MARKER.finditer(line):
                yield Marked(
                    path.relative_to(ROOT).as_posix(),
                    MARKER.sub("", line),
                    found["file"],
                    found["name"],
                    float(found["divisor"] or 1),
                )


def number(file: str, name: str) -> float:
    """The number that a source gives a name."""
    path = ROOT / file
    if path.suffix == ".tf":
        return terraform_number(path.relative_to(ROOT / "infra").as_posix(), name)
    if path.suffix == ".json":
        return float(json.loads(path.read_text())["States"][name]["Seconds"])
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Constant(value=value)):
                if found == name:
                    assert isinstance(value, int | float)
                    return float(value)
            case _:
                continue
    raise NumberNotFoundError(f"{file} has no constant {name}")


MARKED = list(marked())


@pytest.mark.parametrize("one", MARKED, ids=lambda one: f"{one.page}-{one.name}")
def test_a_marked_line_states_the_number_of_its_source(one: Marked) -> None:
    stated = {float(found.replace(",", "")) for found in NUMBER.findall(one.line)}
    assert number(one.file, one.name) / one.divisor in stated, one.line


@pytest.mark.parametrize(
    "page",
    [
        "docs/operations.md",
        "docs/costs.md",
        "docs/functions.md",
        "docs/deploy.md",
        "docs/decisions/0301-the-scaling-loop-publishes-shortfall-and-surplus.md",
    ],
)
def test_a_page_with_settings_marks_its_numbers(page: str) -> None:
    assert [one for one in MARKED if one.page == page] != []


def test_a_name_that_a_source_does_not_have_is_an_error() -> None:
    with pytest.raises(NumberNotFoundError, match="assigns 0 numbers"):
        number("infra/variables_fleet.tf", "no_such_setting")
    with pytest.raises(NumberNotFoundError, match="has no constant"):
        number("infra/deploy/local_checks.py", "NO_SUCH_CONSTANT")


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("infra/variables_fleet.tf", "size_gb", 40),
        ("infra/variables_request_path.tf", "max_receive_count", 3),
        ("infra/modules/scaling/policies.tf", "scale_in_cooldown_seconds", 60),
        ("infra/state_machines/scaling.asl.json", "Wait", 15),
    ],
)
def test_each_form_of_a_source_is_read(file: str, name: str, value: float) -> None:
    assert number(file, name) == value
