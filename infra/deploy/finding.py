"""The result of a preflight check, and what the person can do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a deployment may go on."""

    GOOD = "good"
    WARNING = "warning"
    """The deployment may go on, but the person should know."""
    BAD = "bad"
    """The deployment would fail, or do something that the person does not want."""


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
