"""Clients with which services act in a role, kept for some minutes."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

KEPT_SECONDS = 300
_KEPT_ROLES = 100


def kept(with_assumed_role: Callable[..., Any]) -> Callable[..., Any]:
    """`ClientFactory.with_assumed_role`, which takes each role once in KEPT_SECONDS.

    LocalStack takes the role anew for every call of API Gateway and every task of a state machine,
    and makes a client for the new credentials: 0.4 MB that stay among the last 256 clients, and
    more processor time than the call itself. A request for a session with a name gets a new one.
    """

    @lru_cache(_KEPT_ROLES)
    def taken(factory: Any, _period: int, given: tuple[tuple[str, Any], ...]) -> Any:
        return with_assumed_role(factory, **dict(given))

    def called(factory: Any, **given: Any) -> Any:
        if given.get("session_name"):
            return with_assumed_role(factory, **given)
        return taken(factory, int(time.monotonic() // KEPT_SECONDS), tuple(sorted(given.items())))

    return called
