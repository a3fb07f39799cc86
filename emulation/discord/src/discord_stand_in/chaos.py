"""Chaos: faults of Discord and of the network that can be switched on.

Whether a fault strikes is drawn from a seeded generator, so that a run can be repeated.
"""

import random
from typing import Literal

from pydantic import Field

from discord_stand_in.clock import Clock, iso
from discord_stand_in.json_types import Json, StrictModel

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


class Fault(StrictModel):
    """One fault: how often and how long it strikes, and how badly."""

    probability: float = Field(default=1.0, ge=0, le=1, description="Of each request or delivery.")
    duration_seconds: float | None = Field(default=None, gt=0, description="Ends after this time.")
    count: int | None = Field(default=None, ge=1, description="Ends after so many hits.")
    path: str = Field(default="", description="Strikes only API paths that contain this text.")
    seconds: float = Field(
        default=1.0,
        ge=-86_400,
        le=86_400,
        description="rate_limited: retry_after. slow, reordered: the delay. clock_skew: added to"
        " the signed timestamp. early_404: how long after the answer.",
    )
    status: int = Field(default=503, ge=500, le=599, description="server_error: the status.")
    scope: Literal["user", "global", "shared"] = Field(default="user", description="Of a 429.")
    when: Literal["before", "after"] = Field(
        default="before", description="dropped: before the request is acted on, or after."
    )


class ChaosPlan(StrictModel):
    """The faults that are switched on; an empty plan switches all of them off."""

    seed: int | None = Field(default=None, description="Restarts the random generator.")
    faults: dict[FaultName, Fault] = Field(default_factory=dict)


class Chaos:
    """The faults that are switched on now."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._faults: dict[FaultName, Fault] = {}
        self._ends: dict[FaultName, float] = {}
        self._hits: dict[FaultName, int] = {}

    def set(self, plan: ChaosPlan) -> None:
        """Replace the faults that are on."""
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

    def active(self, name: FaultName, path: str = "") -> Fault | None:
        """The fault, if it can strike a request of that path now."""
        fault = self._faults.get(name)
        if fault is None or fault.path not in path or self._is_over(name, fault):
            return None
        return fault

    def strike(self, name: FaultName, path: str = "") -> Fault | None:
        """The fault, if it strikes this request or delivery; the hit is counted."""
        fault = self.active(name, path)
        if fault is None or self._random.random() >= fault.probability:
            return None
        self._hits[name] += 1
        return fault

    def _is_over(self, name: FaultName, fault: Fault) -> bool:
        if fault.count is not None and self._hits[name] >= fault.count:
            return True
        return self._clock.now() >= self._ends.get(name, float("inf"))

    def as_json(self) -> Json:
        """The faults that were switched on, how often each struck, and whether it is over."""
        faults: Json = {}
        for name, fault in self._faults.items():
            ends = self._ends.get(name)
            faults[name] = fault.model_dump() | {
                "hits": self._hits[name],
                "over": self._is_over(name, fault),
                "ends_at": None if ends is None else iso(ends),
            }
        return {"faults": faults}
