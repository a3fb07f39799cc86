"""Hands an interaction of the Gateway, signed, to the endpoint, and its answer to Discord.

The functions see what they see on AWS: a signed POST, which they have 3 s to answer. What Discord
makes of an endpoint that is late or fails happens here, too: nothing is answered, and the user
reads that the application did not respond.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from discord_diffusion.discord.original_response import USER_AGENT
from emulation.rig.live.deliveries import Deliveries
from emulation.rig.loopback import NO_CERTIFICATES
from fixtures.discord.signing import encode, sign

_log = logging.getLogger(__name__)
_RESPONDS_ITSELF = (httpx.codes.ACCEPTED, httpx.codes.NO_CONTENT)
"""The statuses by which an endpoint says that it responds through the callback URL."""
_ACKNOWLEDGED = 40060
"""Discord's code for an interaction that has a response."""
_TOO_MANY = httpx.codes.TOO_MANY_REQUESTS
_RETRY_SECONDS = 0.2
_PING_SECONDS = 60.0
"""A function that has never run is started first, beside whatever else starts."""


@dataclass(frozen=True)
class Result:
    """What became of an interaction that was handed over."""

    reason: str | None = None
    """Why it got no response, without its token; None where Discord has one."""


class UnansweredError(Exception):
    """An interaction gets no response; the text says why, without its token."""


@dataclass(frozen=True)
class Addresses:
    """Where interactions go to, and where their answers do."""

    endpoint_url: str
    api_url: str


class Relay:
    """Hands over interactions, at any number at once. Close it in the end."""

    def __init__(
        self,
        addresses: Addresses,
        signing_key: str,
        seconds: float,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`signing_key`: a seed in hex; `seconds`: how long Discord waits for the response."""
        self._addresses = addresses
        self._signing_key = signing_key
        self._seconds = seconds
        self._deliveries = Deliveries(seconds)
        # The endpoint is on loopback, which a person's proxy must not see.
        self._endpoint = httpx.AsyncClient(
            trust_env=False, verify=NO_CERTIFICATES, timeout=seconds, transport=transport
        )
        self._discord = httpx.AsyncClient(timeout=seconds, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()
        await self._discord.aclose()

    async def ping(self) -> None:
        """Ask the endpoint whether it is there, as Discord does; a cold function is warm then.

        Raises:
            UnansweredError: it did not answer as it must.
        """
        answer = await self._ask({"type": 1}, _PING_SECONDS)
        try:
            is_pong = answer.json()["type"] == 1
        except (ValueError, LookupError, TypeError):
            is_pong = False
        if not is_pong:
            raise UnansweredError(f"the endpoint answered a PING with {answer.text[:200]!r}")

    async def hand_over(self, interaction: Mapping[str, Any]) -> Result | None:
        """Hand over an interaction, unless it came before or too late: None then."""
        name = f"interaction {interaction['id']}"
        if (reason := self._deliveries.refusal(interaction["id"])) is not None:
            _log.info("The %s is not handed over: %s", name, reason)
            return None
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(interaction)
                if answer.status_code not in _RESPONDS_ITSELF:
                    await self._respond(interaction, answer)
        except UnansweredError as error:
            return self._unanswered(name, str(error))
        except TimeoutError:
            return self._unanswered(name, f"none within {self._seconds:g} s")
        took = 1000 * (time.monotonic() - began)
        _log.info("The %s is answered after %.0f ms", name, took)
        return Result()

    @staticmethod
    def _unanswered(name: str, reason: str) -> Result:
        _log.warning("The %s gets no response: %s", name, reason)
        return Result(reason)

    async def _ask(
        self, interaction: Mapping[str, Any], seconds: float | None = None
    ) -> httpx.Response:
        """The endpoint's answer; UnansweredError if Discord would take none like it."""
        body = encode(interaction)
        headers = sign(body, seed=self._signing_key)
        try:
            url = self._addresses.endpoint_url
            answer = await self._endpoint.post(
                url, content=body, headers=headers, timeout=seconds or self._seconds
            )
        except httpx.HTTPError as error:
            raise UnansweredError(f"the endpoint was not reached: {type(error).__name__}") from None
        if answer.status_code not in (httpx.codes.OK, *_RESPONDS_ITSELF):
            raise UnansweredError(f"the endpoint answered with status {answer.status_code}")
        return answer

    async def _respond(self, interaction: Mapping[str, Any], answer: httpx.Response) -> None:
        """Post the answer, files included, as it is: the callback takes what an endpoint answers.

        A connection that breaks, and a server error, are tried again while Discord waits. That
        Discord has an answer then, is the first try's.
        """
        is_repeated = False
        base, token = self._addresses.api_url, interaction["token"]
        url = f"{base}/interactions/{interaction['id']}/{token}/callback"
        headers = {"Content-Type": answer.headers.get("Content-Type", "application/json")}
        headers["User-Agent"] = USER_AGENT
        while True:
            try:
                taken = await self._discord.post(url, content=answer.content, headers=headers)
            except httpx.HTTPError:
                taken = None
            if taken is not None and taken.is_success:
                return
            if taken is not None and is_repeated and _code(taken) == _ACKNOWLEDGED:
                return
            if taken is not None and taken.is_client_error and taken.status_code != _TOO_MANY:
                raise UnansweredError(f"Discord refused it: {taken.status_code} {taken.text[:500]}")
            is_repeated = True
            await asyncio.sleep(_pause(taken))


def _code(answer: httpx.Response) -> object:
    """Discord's own code of an error; None if the body has none."""
    try:
        return answer.json().get("code")
    except (ValueError, AttributeError):
        return None


def _pause(answer: httpx.Response | None) -> float:
    """The seconds until the next try: what Discord asks for, or a moment."""
    wanted = answer.headers.get("Retry-After", "") if answer is not None else ""
    try:
        return max(_RETRY_SECONDS, float(wanted))
    except ValueError:
        return _RETRY_SECONDS
