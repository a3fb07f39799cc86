"""The finding of a preflight check: what was found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a deployment may go on."""

    GOOD = "good"
    WARNING = "warning"
    """It may, but the person should know."""
    BAD = "bad"
    """It would fail, or do something else than was meant."""


@dataclass(frozen=True)
class Finding:
    """One line of the preflight. `to_do` is empty where there is nothing to do."""

    name: str
    verdict: Verdict
    found: str
    to_do: str = ""


def good(name: str, found: str) -> Finding:
    """A finding that needs no action."""
    return Finding(name, Verdict.GOOD, found)


def warning(name: str, found: str, to_do: str) -> Finding:
    """A finding with which the deployment may go on."""
    return Finding(name, Verdict.WARNING, found, to_do)


def bad(name: str, found: str, to_do: str) -> Finding:
    """A finding that stops the deployment."""
    return Finding(name, Verdict.BAD, found, to_do)
