"""Sends wrong signatures at random times, as Discord does, and removes an endpoint that takes one.

Contract: https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
"""

import asyncio
import logging
import random
from collections import deque
from dataclasses import asdict, dataclass

import httpx

from emulation.discord.backend import StandIn
from emulation.discord.clock import iso
from emulation.discord.endpoint import endpoint_json, ping, post
from emulation.discord.errors import NotDeliveredError
from emulation.discord.json_types import Json
from emulation.discord.signing import WRONGS, encode

_log = logging.getLogger(__name__)
_KEPT = 100
_IDLE_SECONDS = 3600.0
# A wait is drawn between half and one and a half times the interval.
_SPREAD = (0.5, 1.5)

REFUSED = "refused"
ACCEPTED = "accepted"
FAILED = "failed"


@dataclass(frozen=True)
class ProbeResult:
    """How the endpoint took a wrong signature."""

    at: str
    wrong: str
    """What was wrong with it."""
    outcome: str
    """`refused` (401, as it must), `accepted` (2xx) or `failed` (anything else)."""
    status: int | None
    error: str | None = None


class Prober:
    """Probes the endpoint in the background."""

    def __init__(self, standin: StandIn, interval_seconds: float, seed: int) -> None:
        """`interval_seconds` is the mean; 0 switches it off."""
        self._standin = standin
        self._random = random.Random(seed)  # noqa: S311 - times and kinds, not secrets
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.interval_seconds = interval_seconds
        self.results: deque[ProbeResult] = deque(maxlen=_KEPT)

    def start(self) -> None:
        """Begin in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the background task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def set_interval(self, seconds: float) -> None:
        """Change the mean interval; the next wait is drawn anew."""
        self.interval_seconds = seconds
        self._changed.set()

    async def probe(self) -> ProbeResult | None:
        """Send one wrong signature now; None if there is no endpoint."""
        url = self._standin.endpoint.url
        if url is None:
            return None
        wrong = self._random.choice(WRONGS)
        result = await self._send(url, wrong)
        self.results.append(result)
        if result.outcome == ACCEPTED and self._standin.endpoint.url == url:
            self._remove(result)
        self._standin.events.publish("probe", asdict(result))
        return result

    def as_json(self) -> Json:
        """The interval and the latest results, newest first."""
        results = [asdict(one) for one in reversed(self.results)]
        return {"interval_seconds": self.interval_seconds, "results": results}

    async def _send(self, url: str, wrong: str) -> ProbeResult:
        standin = self._standin
        body = encode(ping(standin))
        headers = standin.signer.wrong_headers(body, int(standin.clock.now()), wrong)
        at = iso(standin.clock.now())
        try:
            status = (await post(standin, url, body, headers)).status_code
        except NotDeliveredError as error:
            return ProbeResult(at, wrong, FAILED, None, str(error))
        if status == httpx.codes.UNAUTHORIZED:
            return ProbeResult(at, wrong, REFUSED, status)
        accepted = httpx.codes.is_success(status)
        return ProbeResult(at, wrong, ACCEPTED if accepted else FAILED, status)

    def _remove(self, result: ProbeResult) -> None:
        endpoint = self._standin.endpoint
        endpoint.url = None
        endpoint.removed_because = f"it accepted a wrong signature ({result.wrong}) at {result.at}"
        _log.warning("The interactions endpoint URL was removed: %s", endpoint.removed_because)
        self._standin.events.publish("endpoint", endpoint_json(self._standin))

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            if await self._wait():
                continue
            await self.probe()

    async def _wait(self) -> bool:
        """Wait until the next probe is due; True if the interval was changed meanwhile."""
        mean = self.interval_seconds
        wait = mean * self._random.uniform(*_SPREAD) if mean > 0 else _IDLE_SECONDS
        try:
            await asyncio.wait_for(self._changed.wait(), wait)
        except TimeoutError:
            return mean <= 0
        return True
