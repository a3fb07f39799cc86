"""The application's interactions endpoint: requests to it, its check, and the signature probes.

Contract: https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
"""

import asyncio
import logging
import random
from collections import deque
from dataclasses import asdict, dataclass

import httpx

from discord_stand_in.backend import Backend
from discord_stand_in.clock import iso
from discord_stand_in.errors import EndpointError
from discord_stand_in.json_types import Json
from discord_stand_in.signing import OTHER_KEY, SIGNATURE_DEFECTS, encode
from discord_stand_in.validation.fields import invalid

_log = logging.getLogger(__name__)
_MAX_RESULTS = 100
_IDLE_SECONDS = 3600.0
# The wait for the next probe is drawn between half and one and a half times the interval.
_SPREAD = (0.5, 1.5)

# The outcomes of a probe.
REFUSED = "refused"
ACCEPTED = "accepted"
FAILED = "failed"


def _ping(backend: Backend) -> bytes:
    """A PING as Discord sends it."""
    return encode(
        {
            "id": backend.snowflakes.next(),
            "application_id": backend.application.id,
            "type": 1,
            "token": "ping",
            "version": 1,
            "user": backend.directory.default_user.as_json(),
            "entitlements": [],
            "authorizing_integration_owners": {},
        }
    )


async def set_endpoint(backend: Backend, url: str | None) -> None:
    """Check a URL as Discord does and use it; InvalidFormError (50035) if it fails the check."""
    if url:
        try:
            await _check(backend, url)
        except EndpointError as error:
            code = "APPLICATION_INTERACTIONS_ENDPOINT_VERIFICATION_FAILED"
            message = "The specified interactions endpoint url could not be verified."
            raise invalid(code, f"{message} ({error})", "interactions_endpoint_url") from error
    backend.endpoint.url = url or None
    backend.endpoint.removed_because = None
    backend.events.publish("endpoint", backend.endpoint.as_json())


async def _check(backend: Backend, url: str) -> None:
    """Check that PING gives 200 and type 1 as JSON, and an invalid signature 401."""
    body = _ping(backend)
    timestamp = int(backend.clock.now())
    response = await backend.post(url, body, backend.signer.headers(body, timestamp))
    if response.status_code != httpx.codes.OK:
        raise EndpointError(f"PING was answered with status {response.status_code}, not 200")
    if not response.headers.get("content-type"):
        raise EndpointError("the answer to PING has no Content-Type")
    try:
        content = response.json()
    except ValueError as error:
        raise EndpointError("the answer to PING is not JSON") from error
    if not isinstance(content, dict) or content.get("type") != 1:
        raise EndpointError("the answer to PING is not of type 1")
    headers = backend.signer.invalid_headers(body, timestamp, OTHER_KEY)
    status = (await backend.post(url, body, headers)).status_code
    if status != httpx.codes.UNAUTHORIZED:
        raise EndpointError(f"a wrong signature was answered with status {status}, not 401")


@dataclass(frozen=True)
class ProbeResult:
    """What the endpoint did with an invalid signature."""

    at: str
    wrong: str
    """What was wrong with the signature, one of SIGNATURE_DEFECTS."""
    outcome: str
    """`refused` (401, as it must), `accepted` (2xx) or `failed` (anything else)."""
    status: int | None
    error: str | None = None


class SignatureProber:
    """Sends invalid signatures at random times; an endpoint that accepts one loses its URL."""

    def __init__(self, backend: Backend, interval_seconds: float, seed: int) -> None:
        """`interval_seconds` is the mean; 0 switches the probes off."""
        self._backend = backend
        self._random = random.Random(seed)  # noqa: S311 - times and defects, not secrets
        self._interval_changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.interval_seconds = interval_seconds
        self.results: deque[ProbeResult] = deque(maxlen=_MAX_RESULTS)

    def start(self) -> None:
        """Probe in the background from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the background task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def set_interval(self, seconds: float) -> None:
        """Change the mean interval; the next wait is drawn anew."""
        self.interval_seconds = seconds
        self._interval_changed.set()

    async def probe(self) -> ProbeResult | None:
        """Send one invalid signature now; None if there is no endpoint."""
        endpoint = self._backend.endpoint
        url = endpoint.url
        if url is None:
            return None
        result = await self._send(url, self._random.choice(SIGNATURE_DEFECTS))
        self.results.append(result)
        if result.outcome == ACCEPTED and endpoint.url == url:
            reason = f"it accepted a wrong signature ({result.wrong}) at {result.at}"
            endpoint.url, endpoint.removed_because = None, reason
            _log.warning("The interactions endpoint URL was removed: %s", reason)
            self._backend.events.publish("endpoint", endpoint.as_json())
        self._backend.events.publish("probe", asdict(result))
        return result

    def as_json(self) -> Json:
        """The interval and the latest results, newest first."""
        results = [asdict(result) for result in reversed(self.results)]
        return {"interval_seconds": self.interval_seconds, "results": results}

    async def _send(self, url: str, defect: str) -> ProbeResult:
        now = self._backend.clock.now()
        body = _ping(self._backend)
        headers = self._backend.signer.invalid_headers(body, int(now), defect)
        try:
            status = (await self._backend.post(url, body, headers)).status_code
        except EndpointError as error:
            return ProbeResult(iso(now), defect, FAILED, None, str(error))
        outcome = ACCEPTED if httpx.codes.is_success(status) else FAILED
        if status == httpx.codes.UNAUTHORIZED:
            outcome = REFUSED
        return ProbeResult(iso(now), defect, outcome, status)

    async def _run(self) -> None:
        while True:
            self._interval_changed.clear()
            mean = self.interval_seconds
            wait = mean * self._random.uniform(*_SPREAD) if mean > 0 else _IDLE_SECONDS
            try:
                await asyncio.wait_for(self._interval_changed.wait(), wait)
            except TimeoutError:
                if mean > 0:
                    await self.probe()
