"""Faults that can be switched on: what Discord and the network do on a bad day.

Rolls are seeded, so that a run can be repeated.
"""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from emulation.discord.clock import Clock, iso
from emulation.discord.json_types import Json

FaultName = Literal[
    "rate_limited",
    "server_error",
    "slow",
    "dropped",
    "duplicates",
    "reordered",
    "clock_skew",
    "early_404",
]


class Fault(BaseModel):
    """How often, how long and how badly."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    probability: float = Field(default=1.0, ge=0, le=1, description="Of each request or delivery.")
    duration_seconds: float | None = Field(
        default=None, gt=0, description="Ends by itself after this."
    )
    count: int | None = Field(default=None, ge=1, description="Ends by itself after so many hits.")
    path: str = Field(
        default="", description="Only API paths that hold this text, such as /webhooks/."
    )
    seconds: float = Field(
        default=1.0,
        ge=-86_400,
        le=86_400,
        description="rate_limited: retry_after. slow, reordered: the delay. clock_skew: added to"
        " the signed timestamp. early_404: how long after the answer.",
    )
    status: int = Field(default=503, ge=500, le=599, description="server_error: which.")
    scope: Literal["user", "global", "shared"] = Field(
        default="user", description="rate_limited: whose."
    )
    when: Literal["before", "after"] = Field(
        default="before", description="dropped: before the request is acted on, or after."
    )


class ChaosPlan(BaseModel):
    """What is switched on; an empty plan is a good day."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = Field(default=None, description="Starts the dice anew.")
    faults: dict[FaultName, Fault] = Field(default_factory=dict)


class Chaos:
    """The faults that are on now."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - dice, not secrets
        self._faults: dict[FaultName, Fault] = {}
        self._ends: dict[FaultName, float] = {}
        self._hits: dict[FaultName, int] = {}

    def set(self, plan: ChaosPlan) -> None:
        """Replace what is on."""
        if plan.seed is not None:
            self._random.seed(plan.seed)
        now = self._clock.now()
        self._faults = dict(plan.faults)
        self._hits = dict.fromkeys(plan.faults, 0)
        self._ends = {
            name: now + fault.duration_seconds
            for name, fault in plan.faults.items()
            if fault.duration_seconds is not None
        }

    def clear(self) -> None:
        """Switch everything off."""
        self.set(ChaosPlan())

    def peek(self, name: FaultName, path: str = "") -> Fault | None:
        """The fault, if it can strike now."""
        fault = self._faults.get(name)
        if fault is None or fault.path not in path or self._is_over(name, fault):
            return None
        return fault

    def roll(self, name: FaultName, path: str = "") -> Fault | None:
        """The fault, if it strikes this time."""
        fault = self.peek(name, path)
        if fault is None:
            return None
        if self._random.random() >= fault.probability:
            return None
        self._hits[name] += 1
        return fault

    def _is_over(self, name: FaultName, fault: Fault) -> bool:
        if fault.count is not None and self._hits[name] >= fault.count:
            return True
        return self._clock.now() >= self._ends.get(name, float("inf"))

    def as_json(self) -> Json:
        """What is on, how often it struck, and whether it is over."""
        faults: Json = {}
        for name, fault in self._faults.items():
            ends = self._ends.get(name)
            faults[name] = fault.model_dump() | {
                "hits": self._hits[name],
                "over": self._is_over(name, fault),
                "ends_at": None if ends is None else iso(ends),
            }
        return {"faults": faults}
