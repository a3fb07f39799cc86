"""Requests of roles that fail, are late or get lost, while an experiment says so.

The gateway's chain of handlers has this module's only while there is a fault. AWS lets FIS do this
to some services' APIs; here it works for every service.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import known_actions

LOST = "emulator.lost"
"""A key of a request's WSGI environment: its connection ends without an answer (server.py)."""
_PERCENT = 100
_MILLISECONDS = 1000

# The codes of errors that are not the protocol's common ones, and their statuses.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
_COMMON = {
    known_actions.INTERNAL_ERROR: ("InternalFailure", 500),
    known_actions.THROTTLE_ERROR: ("ThrottlingException", 400),
    known_actions.UNAVAILABLE_ERROR: ("ServiceUnavailable", 503),
}
_OF_SERVICES = {
    ("dynamodb", known_actions.INTERNAL_ERROR): ("InternalServerError", 500),
    ("ec2", known_actions.INTERNAL_ERROR): ("InternalError", 500),
    ("ec2", known_actions.THROTTLE_ERROR): ("RequestLimitExceeded", 503),
    ("ec2", known_actions.UNAVAILABLE_ERROR): ("Unavailable", 503),
    ("lambda", known_actions.INTERNAL_ERROR): ("ServiceException", 500),
    ("lambda", known_actions.THROTTLE_ERROR): ("TooManyRequestsException", 429),
    ("s3", known_actions.INTERNAL_ERROR): ("InternalError", 500),
    ("s3", known_actions.THROTTLE_ERROR): ("SlowDown", 503),
}
_TEXTS = {
    known_actions.INTERNAL_ERROR: "The request failed because of an internal error.",
    known_actions.THROTTLE_ERROR: "Rate exceeded",
    known_actions.UNAVAILABLE_ERROR: "The service is unavailable.",
}


@dataclass(frozen=True)
class Call:
    """A request: the role that makes it, and what it asks for, by the SDK's names."""

    role_arn: str
    service: str
    operation: str


@dataclass(frozen=True)
class Failure:
    """An error that a request is answered with."""

    code: str
    text: str
    status: int


@dataclass
class ApiFault:
    """A fault of the requests of roles; `hits` counts the struck ones by operation."""

    kind: str
    roles: frozenset[str]
    service: str
    operations: frozenset[str]
    percentage: int
    rng: random.Random
    delay_seconds: float = 0.0
    hits: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, kind: str, roles: list[str], given: Mapping[str, str], seed: str) -> "ApiFault":
        """The fault of an action with its parameters; the same seed strikes the same calls."""
        return cls(
            kind,
            frozenset(roles),
            given["service"],
            frozenset(name.strip() for name in given["operations"].split(",")),
            int(given["percentage"]),
            random.Random(seed),  # noqa: S311  # not a secret
            int(given.get("delayMilliseconds", 0)) / _MILLISECONDS,
        )

    def strikes(self, call: Call) -> bool:
        """Whether it strikes a call; counts it then."""
        if (
            call.role_arn not in self.roles
            or call.service != self.service
            or call.operation not in self.operations
        ):
            return False
        with self._lock:
            struck = self.rng.random() * _PERCENT < self.percentage
            self.hits[call.operation] += struck
        return struck

    def failure(self) -> Failure | None:
        """The error that a struck request is answered with; None if it is not answered so."""
        if self.kind not in _COMMON:
            return None
        code, status = _OF_SERVICES.get((self.service, self.kind), _COMMON[self.kind])
        return Failure(code, _TEXTS[self.kind], status)


class ApiFaults:
    """The faults that are on. `install` puts the handler into the gateway; it gives the removal."""

    def __init__(self, install: Callable[["ApiFaults"], Callable[[], None]]) -> None:
        self._install = install
        self._remove: Callable[[], None] | None = None
        self._faults: tuple[ApiFault, ...] = ()
        self._lock = threading.Lock()

    def add(self, fault: ApiFault) -> None:
        """Let a fault strike from now on."""
        with self._lock:
            self._faults = (*self._faults, fault)
            if self._remove is None:
                self._remove = self._install(self)

    def remove(self, fault: ApiFault) -> None:
        """Let it strike no more."""
        with self._lock:
            self._faults = tuple(one for one in self._faults if one is not fault)
            if not self._faults and self._remove is not None:
                self._remove()
                self._remove = None

    def strike(self, call: Call, environ: dict[str, Any]) -> Failure | None:
        """Let the first fault strike that does: the error to answer with, if there is one.

        A late request waits here. One that gets lost is marked in its WSGI environment: before it
        acts (`is_lost_before`) or after.
        """
        fault = next((one for one in self._faults if one.strikes(call)), None)
        if fault is None:
            return None
        if fault.kind == known_actions.API_DELAY:
            time.sleep(fault.delay_seconds)
        elif fault.kind in (known_actions.LOST_REQUEST, known_actions.LOST_RESPONSE):
            environ[LOST] = fault.kind
        return fault.failure()


def is_lost_before(environ: Mapping[str, Any]) -> bool:
    """Whether a request gets lost before it acts."""
    return environ.get(LOST) == known_actions.LOST_REQUEST
