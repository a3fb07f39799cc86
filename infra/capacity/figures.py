"""The figures of `figures.toml`: each with its unit, its source and how far it can be trusted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from discord_diffusion.fleet.state import BootPhases, Phase


class Mark(StrEnum):
    """How a figure is known; `figures.toml` says what each word means."""

    READ = "read"
    EXCERPT = "excerpt"
    MEASURED = "measured"
    DERIVED = "derived"
    UNVERIFIED = "unverified"
    ASSUMED = "assumed"


class Stage(StrEnum):
    """Where a phase of a boot belongs."""

    CONTROL = "control"
    INSTANCE = "instance"
    IMAGE = "image"
    WORKER = "worker"


@dataclass(frozen=True)
class Figure:
    """One number that somebody else published, or that had to be assumed."""

    value: float
    unit: str
    mark: Mark
    source: str
    read: date
    note: str = ""


@dataclass(frozen=True)
class Speed:
    """A GPU with a way of working: seconds for one job of four pictures, and dollars an hour."""

    name: str
    instance: str
    vcpus: int
    seconds: float
    dollars: float
    spot_dollars: float
    mark: Mark
    source: str
    note: str = ""


@dataclass(frozen=True)
class BootStep:
    """One phase of a boot with its stage, and how its length is known."""

    stage: Stage
    name: str
    seconds: float
    mark: Mark
    source: str
    note: str = ""


@dataclass(frozen=True)
class Boot:
    """A whole boot."""

    steps: tuple[BootStep, ...]

    def seconds(self, stage: Stage) -> float:
        """What the steps of one stage take together."""
        return sum(step.seconds for step in self.steps if step.stage is stage)

    def phases(self) -> BootPhases:
        """The same as the arithmetic of waiting takes it."""
        return BootPhases(tuple(Phase(step.name, step.seconds, step.source) for step in self.steps))


@dataclass(frozen=True)
class Figures:
    """Everything in `figures.toml`."""

    numbers: Mapping[str, Figure]
    speeds: tuple[Speed, ...]
    boots: Mapping[str, Boot]

    def __getitem__(self, key: str) -> float:
        return self.numbers[key].value

    def count(self, key: str) -> int:
        """A figure that counts something."""
        return round(self.numbers[key].value)

    def speed(self, name: str) -> Speed:
        """The speed called `name`."""
        return next(speed for speed in self.speeds if speed.name == name)


def _with_mark(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "mark": Mark(row["mark"])}


def read_toml(name: str) -> dict[str, Any]:
    """The content of a file beside this one."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_figures(rows: Mapping[str, Any]) -> dict[str, Figure]:
    """Figures by key; a missing, unknown or misspelt field raises, naming it."""
    return {key: Figure(**_with_mark(row)) for key, row in rows.items()}


@cache
def load() -> Figures:
    """Read the file; a missing, unknown or misspelt field raises, naming it."""
    raw = read_toml("figures.toml")
    return Figures(
        numbers=read_figures(raw["figure"]),
        speeds=tuple(Speed(**_with_mark(row)) for row in raw["speed"]),
        boots={
            name: Boot(
                tuple(BootStep(**{**_with_mark(row), "stage": Stage(row["stage"])}) for row in rows)
            )
            for name, rows in raw["boot"].items()
        },
    )
