"""Which rights of a role are used, which are not, and what was denied.

A right is an action of a statement that allows; an action with a wildcard counts as one right.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .patterns import wildcard
from .policy import Policy, Statement

KEPT_DENIALS = 200


@dataclass(frozen=True)
class Denial:
    """A request that was denied, with AWS's text."""

    at: str
    principal: str
    action: str
    resource: str
    message: str


class Rights:
    """Counts the use of rights, and keeps the latest denials. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, Counter[str]] = {}
        self._denials: deque[Denial] = deque(maxlen=KEPT_DENIALS)
        self._denied = 0

    def used(self, role: str, action: str) -> None:
        """Count a request of a role that was allowed."""
        with self._lock:
            self._used.setdefault(role, Counter())[action] += 1

    def denied(self, principal: str, action: str, resource: str, message: str) -> None:
        """Note a request that was denied."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._denied += 1
            self._denials.append(Denial(at, principal, action, resource, message))

    def report(self, roles: Mapping[str, Iterable[Policy]]) -> dict[str, Any]:
        """Used and unused rights of roles, by role, and the denials; `roles` has their policies."""
        with self._lock:
            used = {role: dict(counts) for role, counts in self._used.items()}
            denials, denied = [asdict(one) for one in self._denials], self._denied
        return {
            "roles": {
                role: {
                    "used": used.get(role, {}),
                    "unused": sorted(set(_unused(policies, used.get(role, {})))),
                }
                for role, policies in roles.items()
            },
            "denied": denied,
            "denials": denials,
        }


def _unused(policies: Iterable[Policy], used: Iterable[str]) -> Iterable[str]:
    for policy in policies:
        for statement in policy.statements:
            if statement.allows:
                yield from _unused_actions(statement, list(used))


def _unused_actions(statement: Statement, used: list[str]) -> Iterable[str]:
    if statement.negated_actions:
        yield from () if any(map(statement.has_action, used)) else statement.actions
        return
    for action in statement.actions:
        if not any(wildcard(action, ignore_case=True).fullmatch(one) for one in used):
            yield action
