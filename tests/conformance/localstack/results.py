"""Compares the results of LocalStack's own tests with what is known of them."""

import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KNOWN = Path(__file__).with_name("selections.toml")


@dataclass(frozen=True)
class Selection:
    """Some of LocalStack's tests: `arguments` for pytest, and why some of them fail.

    A name in `failures` is that of a test, or of a class and a test.
    """

    name: str
    arguments: tuple[str, ...]
    failures: Mapping[str, str]


@dataclass(frozen=True)
class Results:
    """The tests of a selection, by how they ended."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]

    def unexpected(self, selection: Selection) -> list[str]:
        """What differs from what is known, in words; empty if nothing does."""
        known = set(selection.failures)
        texts = [f"failed, which is not known: {name}" for name in sorted(self.failed - known)]
        texts += [
            f"did not fail; remove it from {KNOWN.name}: {name}"
            for name in sorted(known - self.failed)
        ]
        return texts if self.passed else [*texts, "no test has passed"]


def selections() -> dict[str, Selection]:
    """All selections, by their names."""
    given = tomllib.loads(KNOWN.read_text())
    return {
        name: Selection(name, tuple(one["arguments"]), one.get("failures", {}))
        for name, one in given.items()
    }


def read(report: Path) -> Results:
    """The results in a report of pytest's, in the form of JUnit."""
    found: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
    for case in ElementTree.parse(report).iter("testcase"):  # pytest's own report
        ways = {child.tag for child in case}
        end = (
            "failed"
            if ways & {"failure", "error"}
            else "skipped"
            if "skipped" in ways
            else "passed"
        )
        found[end].add(case.get("name") or "")
    return Results(*(frozenset(found[end]) for end in ("passed", "failed", "skipped")))
