"""Invocations of functions that fail or begin late, while an experiment says so.

https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
"""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import known_actions

_PERCENT = 100
_MILLISECONDS = 1000
_DEFAULT_DELAY = 2000


@dataclass
class InvocationFault:
    """A fault of the invocations of functions; `hits` counts the struck ones."""

    functions: frozenset[str]
    percentage: int
    rng: random.Random
    delay_seconds: float = 0.0
    fails: bool = False
    is_run: bool = True
    """Whether the code runs of an invocation that fails."""
    hits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(
        cls, kind: str, functions: list[str], given: Mapping[str, str], seed: str
    ) -> "InvocationFault":
        """The fault of an action with its parameters; the same seed strikes the same ones."""
        delay = int(given.get("startupDelayMilliseconds", _DEFAULT_DELAY)) / _MILLISECONDS
        fails = kind == known_actions.INVOCATION_ERROR
        return cls(
            frozenset(functions),
            int(given.get("invocationPercentage", _PERCENT)),
            random.Random(seed),  # noqa: S311  # not a secret
            delay_seconds=0.0 if fails else delay,
            fails=fails,
            is_run=given.get("preventExecution") != "true",
        )

    def strikes(self, function_arn: str) -> bool:
        """Whether it strikes an invocation of a function; counts it then."""
        if function_arn not in self.functions:
            return False
        with self._lock:
            struck = self.rng.random() * _PERCENT < self.percentage
            self.hits += struck
        return struck


class InvocationFaults:
    """The faults that are on."""

    def __init__(self) -> None:
        self._faults: tuple[InvocationFault, ...] = ()
        self._lock = threading.Lock()

    def add(self, fault: InvocationFault) -> None:
        """Let a fault strike from now on."""
        with self._lock:
            self._faults = (*self._faults, fault)

    def remove(self, fault: InvocationFault) -> None:
        """Let it strike no more."""
        with self._lock:
            self._faults = tuple(one for one in self._faults if one is not fault)

    def striking(self, function_arn: str) -> list[InvocationFault]:
        """The faults that strike an invocation of a function, by its ARN without a version."""
        return [fault for fault in self._faults if fault.strikes(function_arn)]


FAULTS = InvocationFaults()
"""Those of the emulator's functions."""
