"""The result of a check, and what the person, or this program for them, can do about it."""

from collections.abc import Callable, Iterable
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
class Offer:
    """A change that the deploy step can make itself, once the person agrees.

    `carry_out` raises `AwsError` if AWS refuses.
    """

    question: str
    carry_out: Callable[[], None]


@dataclass(frozen=True)
class Finding:
    """One line of a report. `to_do` is empty where there is nothing to do."""

    name: str
    verdict: Verdict
    found: str
    to_do: str = ""
    offer: Offer | None = None


def good(name: str, found: str) -> Finding:
    """A finding that needs no action."""
    return Finding(name, Verdict.GOOD, found)


def warning(name: str, found: str, to_do: str, offer: Offer | None = None) -> Finding:
    """A finding with which the deployment may go on."""
    return Finding(name, Verdict.WARNING, found, to_do, offer)


def bad(name: str, found: str, to_do: str) -> Finding:
    """A finding that stops the deployment."""
    return Finding(name, Verdict.BAD, found, to_do)


def offers_of(findings: Iterable[Finding]) -> tuple[Offer, ...]:
    """What can be done about the findings without the person's hands."""
    return tuple(finding.offer for finding in findings if finding.offer)
