"""The moments of the parts of LocalStack that count by the wall clock, and what is under way there.

Parts that no request has used yet are not loaded for it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from ecs_fleet_emulator.processes.children import CHILDREN

from . import follower
from .advance import Advancer
from .moved_clock import CLOCK

_QUEUES = "localstack.services.sqs.models"
_EVENT_QUEUES = "localstack.services.lambda_.invocation.internal_sqs_queue"
_FUNCTIONS = "localstack.services.lambda_.invocation.models"
_TABLES = "moto.dynamodb.models"
_LATER = 0.001
"""A delayed message is there only after its moment."""
_EXPIRY_SECONDS = 60.0
"""Between looks at items that have expired; AWS deletes them within days."""


class Messages:
    """Messages that become visible: their visibility timeout or their delay ends."""

    def due(self) -> float | None:
        """When the next message becomes visible."""
        deadlines = [deadline for queue in _queues() for deadline in _deadlines(queue)]
        return CLOCK.monotonic_of(min(deadlines)) + _LATER if deadlines else None

    def run_due(self) -> bool:
        """Make them visible, which LocalStack does once a second."""
        now, acted = time.time(), False
        for queue in _queues():
            if any(deadline <= now for deadline in _deadlines(queue)):
                queue.requeue_inflight_messages()
                queue.enqueue_delayed_messages()
                acted = True
        return acted

    def busy(self) -> str:
        """Messages that functions are about to get."""
        read = _read_by_functions()
        waiting = [queue.arn for queue in _queues() if queue.arn in read and _receivable(queue)]
        events = [q.name for q in _event_queues() if q.inflight or _receivable(q)]
        if not waiting and not events:
            return ""
        return f"messages on their way to functions: {', '.join(waiting + events)}"


class Invocations:
    """Functions, which nothing makes due by itself."""

    running: dict[str, str]
    """The names of the functions that are being invoked, by the ids of their requests."""

    def __init__(self) -> None:
        self.running = {}

    def due(self) -> float | None:
        """Never."""
        return None

    def run_due(self) -> bool:
        """Do nothing."""
        return False

    def busy(self) -> str:
        """The functions that are being invoked."""
        names = sorted(set(self.running.copy().values()))
        return f"functions that run: {', '.join(names)}" if names else ""


INVOCATIONS = Invocations()


class Counts:
    """What is counted and published a while later: here before time moves on, which it is of."""

    def __init__(self, publish: Callable[[], object]) -> None:
        self._publish = publish

    def due(self) -> float | None:
        """Never."""
        return None

    def run_due(self) -> bool:
        """Do nothing."""
        return False

    def busy(self) -> str:
        """Nothing, once it is published."""
        self._publish()
        return ""


class ExpiredItems:
    """Items of DynamoDB's tables whose time to live is over; only deleted where time is moved."""

    def __init__(self) -> None:
        self._looked = CLOCK.monotonic()

    def due(self) -> float | None:
        """The next look."""
        return self._looked + _EXPIRY_SECONDS if _TABLES in sys.modules else None

    def run_due(self) -> bool:
        """Delete what has expired."""
        self._looked, now = CLOCK.monotonic(), time.time()
        for table in list(_tables()):
            if table.ttl.get("TimeToLiveStatus") == "ENABLED":
                _delete_expired(table, table.ttl["AttributeName"], now)
        return False

    def busy(self) -> str:
        """Nothing: the deletions are done by `run_due`."""
        return ""


def _delete_expired(table: Any, attribute: str, now: float) -> None:
    """Delete items whose attribute holds a past time, at most five years old, as AWS does.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
    """
    for item in list(table.all_items()):
        value = item.attrs.get(attribute)
        if value is not None and value.type == "N" and _oldest(now) < float(value.value) <= now:
            table.delete_item(item.hash_key, item.range_key)


def _oldest(now: float) -> float:
    return now - 5 * 365 * 24 * 3600


def _loaded(name: str) -> Any:
    """A module of LocalStack, or LocalEmu's in its place; None if nothing has loaded it."""
    return sys.modules.get(name) or sys.modules.get(name.replace("localstack", "localemu", 1))


def _queues() -> Iterator[Any]:
    """All queues, those too that LocalStack keeps for itself."""
    if models := _loaded(_QUEUES):
        for _, _, store in models.sqs_stores.iter_stores():
            yield from list(store.queues.values())
    yield from _event_queues()


def _event_queues() -> Iterator[Any]:
    """The queues of events for functions that are invoked asynchronously."""
    if module := _loaded(_EVENT_QUEUES):
        yield from list(module.get_fake_sqs_client().queue_manager.queues.values())


def _deadlines(queue: Any) -> list[float]:
    """When messages in flight or delayed become visible, in Unix seconds."""
    with queue.mutex:
        in_flight = [m.visibility_deadline for m in queue.inflight if m.visibility_deadline]
        return in_flight + [m.created + m.delay_seconds for m in queue.delayed if m.delay_seconds]


def _receivable(queue: Any) -> bool:
    """Whether a receiver would get a message now: of a FIFO queue, from a group that is free."""
    groups = getattr(queue, "message_group_queue", None)
    return bool(queue.visible.qsize() if groups is None else groups.qsize())


def _read_by_functions() -> set[str]:
    """The ARNs of the queues that event source mappings read."""
    models = _loaded(_FUNCTIONS)
    if models is None:
        return set()
    return {
        mapping.get("EventSourceArn", "")
        for _, _, store in models.lambda_stores.iter_stores()
        for mapping in list(store.event_source_mappings.values())
        if mapping.get("State") == "Enabled"
    }


def _tables() -> Iterator[Any]:
    for backends in sys.modules[_TABLES].dynamodb_backends.values():
        for backend in backends.values():
            yield from backend.tables.values()


def add_to(advancer: Advancer) -> None:
    """Add the sources of this module, and let the processes follow the clock."""
    advancer.sources |= {
        "messages": Messages(),
        "functions": INVOCATIONS,
        "expired items": ExpiredItems(),
    }
    CLOCK.on_move.append(lambda: CHILDREN.signal(follower.MOVED))
