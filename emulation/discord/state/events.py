"""What happens in the stand-in, numbered, for pages that watch it live.

A page that lost its connection resumes with the last number it saw; if that is too long ago it is
told to draw itself anew (`reset`).
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from emulation.discord.clock import Clock, iso
from emulation.discord.json_types import Json

_KEPT = 5_000
_HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    id: int
    name: str
    at: float
    data: Json

    def encode(self) -> str:
        """As server-sent events are written."""
        data = json.dumps({"at": iso(self.at), **self.data}, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.name}\ndata: {data}\n\n"


class EventLog:
    """The last events, and everyone who listens for the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._closed = False
        self.last_id = 0

    def publish(self, name: str, data: Json) -> None:
        """Number an event, keep it and hand it to every listener."""
        self.last_id += 1
        event = Event(self.last_id, name, self._clock.now(), data)
        self._kept.append(event)
        for listener in self._listeners:
            listener.put_nowait(event)

    def kept(self) -> list[Event]:
        """The events that are still kept, oldest first."""
        return list(self._kept)

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
            for text in self._missed(after):
                yield text
            while not self._closed:
                try:
                    event = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield event.encode()
        finally:
            self._listeners.discard(queue)

    def _missed(self, after: int | None) -> list[str]:
        """What a listener that saw events up to `after` has missed."""
        if after is None or after == self.last_id:
            return []
        oldest = self._kept[0].id if self._kept else self.last_id + 1
        if after > self.last_id or after < oldest - 1:
            return [Event(self.last_id, "reset", self._clock.now(), {}).encode()]
        return [event.encode() for event in self._kept if event.id > after]
