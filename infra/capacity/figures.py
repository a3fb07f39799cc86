"""The numbers that the model does not compute, each with its unit, source and trustworthiness.

`figures.toml` holds quotas, speeds and the phases of a boot; `prices.toml` what AWS charges;
`counts.toml` how much of it a deployment uses.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

PICTURES_PER_JOB = 4
MONTH_SECONDS = 30 * 24 * 3600
PRICED_REGION = "us-east-1"
"""The region whose instance prices are known for every type."""


class Mark(StrEnum):
    """How a figure is known; `figures.toml` explains each word."""

    READ = "read"
    EXCERPT = "excerpt"
    MEASURED = "measured"
    DERIVED = "derived"
    UNVERIFIED = "unverified"
    ASSUMED = "assumed"


class Stage(StrEnum):
    """A stage of a boot; `figures.toml` says where each begins and ends."""

    CONTROL = "control"
    INSTANCE = "instance"
    IMAGE = "image"
    WORKER = "worker"


@dataclass(frozen=True)
class Figure:
    """One published or assumed number."""

    value: float
    unit: str
    mark: Mark
    source: str
    read: date
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """The figures of a file by key; indexing gives their values."""

    numbers: Mapping[str, Figure]

    def __getitem__(self, key: str) -> float:
        return self.numbers[key].value

    def count(self, key: str) -> int:
        """A value that counts something, as an integer."""
        return round(self[key])

    def changed(self, **values: float) -> "Figures":
        """The same figures with other values for some of them."""
        changed = {key: replace(self.numbers[key], value=value) for key, value in values.items()}
        return Figures({**self.numbers, **changed})


@dataclass(frozen=True)
class Instance:
    """Dollars an hour for an EC2 instance type in a region, on demand and Spot."""

    type: str
    region: str
    dollars: float
    spot_dollars: float
    mark: Mark
    source: str
    read: date

    def hour(self, spot_share: float) -> float:
        """Dollars for an hour with `spot_share` (0 to 1) of the instances on Spot."""
        return self.spot_dollars * spot_share + self.dollars * (1 - spot_share)


@dataclass(frozen=True)
class Speed:
    """A GPU and a way of drawing: seconds for one job of four pictures."""

    name: str
    instance: str
    vcpus: int
    seconds: float
    mark: Mark
    source: str
    note: str = ""
    compared: bool = True
    """Whether the tables of what a fleet finishes have it."""

    @property
    def price(self) -> Instance:
        """The price of its instance type in `PRICED_REGION`."""
        found = instance_price(self.instance, PRICED_REGION)
        if found is None:
            raise LookupError(f"prices.toml has no price of {self.instance} in {PRICED_REGION}")
        return found


@dataclass(frozen=True)
class BootStep:
    """One step of a boot: its stage, its length, and how that is known."""

    stage: Stage
    name: str
    seconds: float
    mark: Mark
    source: str
    note: str = ""


@dataclass(frozen=True)
class Boot:
    """All steps between the first job of a sleeping fleet and a worker that receives it."""

    steps: tuple[BootStep, ...]

    @property
    def total_seconds(self) -> float:
        """The length of all steps together."""
        return sum(step.seconds for step in self.steps)

    def seconds(self, stage: Stage) -> float:
        """The length of the steps of one stage together."""
        return sum(step.seconds for step in self.steps if step.stage is stage)


@cache
def figures() -> Figures:
    """The quotas and assumptions of `figures.toml`."""
    return _figures("figures.toml", "figure")


@cache
def prices() -> Figures:
    """The prices of `prices.toml`, except for those of instances."""
    return _figures("prices.toml", "price")


@cache
def counts() -> Figures:
    """The counts of `counts.toml`."""
    return _figures("counts.toml", "count")


@cache
def speeds() -> tuple[Speed, ...]:
    """All speeds, the slowest first."""
    return tuple(Speed(**_with_enums(row)) for row in _read("figures.toml")["speed"])


def compared_speeds() -> tuple[Speed, ...]:
    """Those of the tables of what a fleet finishes, the slowest first."""
    return tuple(speed for speed in speeds() if speed.compared)


def speed(name: str) -> Speed:
    """The speed of a name."""
    return next(found for found in speeds() if found.name == name)


@cache
def boots() -> Mapping[str, Boot]:
    """By name: `deployed`, and variants, each of which replaces some stages by its own."""
    rows = _read("figures.toml")["boot"]
    steps = {
        name: tuple(BootStep(**_with_enums(row)) for row in found) for name, found in rows.items()
    }
    found = {name: Boot(_in_order(own, steps["deployed"])) for name, own in steps.items()}
    faster = Boot(_in_order(steps["warm_pool_250"], found["warm_pool"].steps))
    return {**found, "warm_pool_250": faster}


def _in_order(own: tuple[BootStep, ...], others: tuple[BootStep, ...]) -> tuple[BootStep, ...]:
    """A variant's own steps, and the others of the stages that it has none of, in order."""
    stages = {step.stage for step in own}
    steps = (*own, *(step for step in others if step.stage not in stages))
    return tuple(step for stage in Stage for step in steps if step.stage is stage)


@cache
def instances() -> tuple[Instance, ...]:
    """Every known price of an instance type in a region."""
    return tuple(Instance(**_with_enums(row)) for row in _read("prices.toml")["instance"])


def instance_price(instance_type: str, region: str) -> Instance | None:
    """The price of an instance type in a region, or None if it is not known."""
    wanted = (instance_type, region)
    return next((known for known in instances() if (known.type, known.region) == wanted), None)


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))


def _figures(file: str, table: str) -> Figures:
    return Figures({key: Figure(**_with_enums(row)) for key, row in _read(file)[table].items()})


def _with_enums(row: dict[str, Any]) -> dict[str, Any]:
    stage = {"stage": Stage(row["stage"])} if "stage" in row else {}
    return {**row, "mark": Mark(row["mark"]), **stage}
