"""The numbered events of the stand-in, for pages that watch it live.

A page that lost its connection resumes after the last number that it received. If later events are
no longer kept, it gets the event `reset` and loads a new snapshot.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from discord_stand_in.clock import Clock, iso
from discord_stand_in.json_types import Json

_MAX_EVENTS = 5_000
_HEARTBEAT_SECONDS = 15.0
_MAX_WAITING = 10_000
"""A page that leaves more events unread is left: it connects again and gets what it missed."""


@dataclass(frozen=True)
class Event:
    """Something that happened; `at` is in Unix seconds."""

    id: int
    name: str
    at: float
    data: Json

    def encode(self) -> str:
        """The event as server-sent events are written."""
        data = json.dumps({"at": iso(self.at), **self.data}, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.name}\ndata: {data}\n\n"


class EventLog:
    """The latest events, and the streams that wait for the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.latest: deque[Event] = deque(maxlen=_MAX_EVENTS)
        """Oldest first."""
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._closed = False
        self.last_id = 0

    def publish(self, name: str, data: Json) -> None:
        """Number an event, keep it and hand it to every stream."""
        self.last_id += 1
        event = Event(self.last_id, name, self._clock.now(), data)
        self.latest.append(event)
        for listener in list(self._listeners):
            if listener.qsize() < _MAX_WAITING:
                listener.put_nowait(event)
            else:
                self._listeners.discard(listener)
                listener.put_nowait(None)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for listener in self._listeners:
            listener.put_nowait(None)

    async def stream(self, after: int | None) -> AsyncIterator[str]:
        """Events after a number (None: from now on), with heartbeats while nothing happens."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield "retry: 1000\n\n"
            for event in self._missed(after):
                yield event.encode()
            while not self._closed:
                try:
                    next_event = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if next_event is None:
                    return
                yield next_event.encode()
        finally:
            self._listeners.discard(queue)

    def _missed(self, after: int | None) -> list[Event]:
        """The events after `after`; only `reset` if some of them are no longer kept."""
        if after is None or after == self.last_id:
            return []
        oldest = self.latest[0].id if self.latest else self.last_id + 1
        if after > self.last_id or after < oldest - 1:
            return [Event(self.last_id, "reset", self._clock.now(), {})]
        return [event for event in self.latest if event.id > after]
