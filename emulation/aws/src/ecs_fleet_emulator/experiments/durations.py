"""Durations of ISO 8601, and how many resources of a target are selected."""

import re
from dataclasses import dataclass

from ecs_fleet_emulator.errors import ExperimentError

MINUTE, HOUR = 60.0, 3600.0
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SELECTION = re.compile(r"(COUNT|PERCENT)\((\d+)\)")
_PERCENT = 100


def seconds(text: str, name: str, least: float = MINUTE, most: float = 12 * HOUR) -> float:
    """A duration such as PT15M in seconds.

    Raises:
        ExperimentError: it is none, or not between the limits; `name` is the parameter's.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ExperimentError(f"{name} is {text!r}: a duration of ISO 8601 is needed, as PT2M")
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    result = days * 24 * HOUR + hours * HOUR + minutes * MINUTE + rest
    if not least <= result <= most:
        raise ExperimentError(
            f"{name} is {text}: from {least / MINUTE:g} to {most / MINUTE:g} minutes are allowed"
        )
    return result


def percentage(text: str, name: str) -> int:
    """A percentage from 1 to 100.

    Raises:
        ExperimentError: it is none.
    """
    if not text.isdecimal() or not 1 <= int(text) <= _PERCENT:
        raise ExperimentError(f"{name} is {text!r}: a whole number from 1 to 100 is needed")
    return int(text)


@dataclass(frozen=True)
class Selection:
    """A selection mode: all, a count, or a percentage."""

    mode: str
    number: int = 0

    def size(self, present: int) -> int:
        """How many of the resources that are there are selected."""
        if self.mode == "COUNT":
            return min(self.number, present)
        return present * self.number // _PERCENT if self.mode == "PERCENT" else present


def selection(text: str) -> Selection:
    """The selection mode that a target names: ALL, COUNT(n) or PERCENT(n).

    Raises:
        ExperimentError: there is no such mode.
    """
    if text == "ALL":
        return Selection(text)
    found = _SELECTION.fullmatch(text)
    if found is None or int(found[2]) < 1 or (found[1] == "PERCENT" and int(found[2]) > _PERCENT):
        raise ExperimentError(f"selectionMode is {text!r}: ALL, COUNT(n) or PERCENT(n) is needed")
    return Selection(found[1], int(found[2]))
