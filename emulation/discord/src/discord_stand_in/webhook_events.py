"""Webhook events: what happens to the application, sent signed to a second endpoint of its own.

Contract: https://docs.discord.com/developers/events/webhook-events
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from discord_stand_in.clock import Clock, iso
from discord_stand_in.errors import EndpointError
from discord_stand_in.json_types import Json
from discord_stand_in.signing import OTHER_KEY, Signer, encode

EVENT_TYPES = (
    "APPLICATION_AUTHORIZED",
    "APPLICATION_DEAUTHORIZED",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_UPDATE",
    "ENTITLEMENT_DELETE",
)
"""The events that the stand-in sends: those of lobbies, games and quests are not here."""
DISABLED, ENABLED, DISABLED_BY_DISCORD = 1, 2, 3
_PING, _EVENT = 0, 1
_RETRY_FOR_SECONDS = 600.0
_MAX_FAILURES = 5
"""Events in a row that may fail before Discord sends no more; it documents no number."""
_MAX_KEPT = 100

Post = Callable[[str, bytes, dict[str, str]], Awaitable[httpx.Response]]
"""Sends a signed body to an address; EndpointError if no response comes within 3 s."""


@dataclass
class SentEvent:
    """An event, and the status of each attempt to send it; None: there was no response."""

    type: str
    at: str
    statuses: list[int | None] = field(default_factory=list)
    delivered: bool = False


class WebhookEvents:
    """Sends events to the application's second endpoint, and again if it does not take them."""

    def __init__(
        self, application_id: str, clock: Clock, signer: Signer, post: Post, retry_seconds: float
    ) -> None:
        """`retry_seconds`: the wait before the second attempt; each later one is twice as long."""
        self._application_id = application_id
        self._clock = clock
        self._signer = signer
        self._post = post
        self._retry_seconds = retry_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self.url: str | None = None
        self.status = DISABLED
        self.types: list[str] = []
        self.sent: deque[SentEvent] = deque(maxlen=_MAX_KEPT)

    def as_json(self) -> Json:
        """The fields of the application object."""
        return {
            "event_webhooks_url": self.url,
            "event_webhooks_status": self.status,
            "event_webhooks_types": self.types,
        }

    async def check(self, url: str) -> None:
        """Check an address as Discord does: 204 for a PING, 401 for a wrong signature.

        Raises:
            EndpointError: it answered anything else.
        """
        body = self._encode(_PING)
        timestamp = int(self._clock.now())
        for headers, wanted, what in (
            (self._signer.headers(body, timestamp), 204, "PING"),
            (self._signer.invalid_headers(body, timestamp, OTHER_KEY), 401, "a wrong signature"),
        ):
            status = (await self._post(url, body, headers)).status_code
            if status != wanted:
                raise EndpointError(f"{what} was answered with status {status}, not {wanted}")

    def send(self, event_type: str, data: Json) -> None:
        """Send an event in the background, if the application subscribed to it."""
        if self.url is None or self.status != ENABLED or event_type not in self.types:
            return
        event = SentEvent(event_type, iso(self._clock.now()))
        self.sent.append(event)
        body = self._encode(_EVENT, {"type": event_type, "timestamp": event.at, "data": data})
        ends_at = self._clock.now() + _RETRY_FOR_SECONDS
        task = asyncio.create_task(self._deliver(self.url, body, event, ends_at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def is_sending(self) -> bool:
        """Whether an event is on its way, or is to be sent again."""
        return bool(self._tasks)

    async def close(self) -> None:
        """End the attempts that are still to come."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _encode(self, payload_type: int, event: Json | None = None) -> bytes:
        payload: Json = {"version": 1, "application_id": self._application_id, "type": payload_type}
        return encode(payload if event is None else payload | {"event": event})

    async def _deliver(self, url: str, body: bytes, event: SentEvent, ends_at: float) -> None:
        """Send a body until it is taken or the time ends, each time after twice the wait."""
        wait = self._retry_seconds
        while self._clock.now() < ends_at and self.url == url:
            headers = self._signer.headers(body, int(self._clock.now()))
            try:
                status: int | None = (await self._post(url, body, headers)).status_code
            except EndpointError:
                status = None
            event.statuses.append(status)
            if status == httpx.codes.NO_CONTENT:
                event.delivered, self._failures = True, 0
                return
            await asyncio.sleep(wait)
            wait *= 2
        self._failures += 1
        if self._failures >= _MAX_FAILURES:
            self.status = DISABLED_BY_DISCORD
