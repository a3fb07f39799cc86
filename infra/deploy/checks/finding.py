"""What a check found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether one may go on."""

    GOOD = "good"
    WARNING = "warning"
    """One may go on, knowing it."""
    BAD = "bad"
    """The deployment would fail, or do something else than was meant."""


@dataclass(frozen=True)
class Finding:
    """One line of the preflight. `to_do` is empty where there is nothing to do."""

    name: str
    verdict: Verdict
    found: str
    to_do: str = ""


def good(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, Verdict.GOOD, found)


def warning(name: str, found: str, to_do: str) -> Finding:
    """One may go on, knowing it."""
    return Finding(name, Verdict.WARNING, found, to_do)


def bad(name: str, found: str, to_do: str) -> Finding:
    """One had better not go on."""
    return Finding(name, Verdict.BAD, found, to_do)
