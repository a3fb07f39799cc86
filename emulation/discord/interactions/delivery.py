"""Delivers interactions: signed, once, and answered within 3 s; chaos may change all but the first.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass

import httpx

from emulation.discord.backend import StandIn
from emulation.discord.endpoint import post
from emulation.discord.errors import (
    ALREADY_ACKNOWLEDGED,
    ControlError,
    DiscordError,
    NotDeliveredError,
)
from emulation.discord.interactions.responses import apply_answer, settle, summary_json
from emulation.discord.json_types import Json
from emulation.discord.recorder import Recorder
from emulation.discord.request_body import decode_json
from emulation.discord.signing import encode
from emulation.discord.state.interactions import ANSWERED, ERROR, TIMEOUT, Interaction, Kind

NO_RESPONSE = "The application did not respond"
_ACCEPTED = (202, 204)


@dataclass(frozen=True)
class _Signed:
    """A request that can be sent again, byte for byte."""

    url: str
    body: bytes
    headers: dict[str, str]


class Courier:
    """Takes interactions to the application's endpoint."""

    def __init__(self, standin: StandIn, recorder: Recorder) -> None:
        self._standin = standin
        self._recorder = recorder
        self._sent: dict[str, _Signed] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def deliver(self, interaction: Interaction) -> None:
        """Send it and wait until it is answered or can no longer be; see its `outcome`."""
        standin = self._standin
        standin.note(interaction, "created")
        standin.events.publish("interaction", {"interaction": summary_json(standin, interaction)})
        self._recorder.record(interaction)
        if standin.endpoint.url is None:
            reason = "The application has no interactions endpoint URL"
            settle(standin, interaction, ERROR, error=reason)
            return
        late = standin.chaos.roll("reordered")
        if late is not None:
            await asyncio.sleep(max(0.0, late.seconds))
        signed = self._sign(interaction, standin.endpoint.url)
        self._sent[interaction.id] = signed
        if standin.chaos.roll("duplicates") is not None:
            self._start(self._send_again(interaction, signed))
        standin.note(interaction, "delivered")
        await self._until_settled(interaction, signed)

    async def redeliver(self, interaction: Interaction) -> Json:
        """Send the very same request once more; the answer is noted and ignored.

        Raises ControlError (409) if it was never sent.
        """
        signed = self._sent.get(interaction.id)
        if signed is None:
            raise ControlError("This interaction was never delivered.", 409)
        return await self._repeat(interaction, signed)

    def clear(self) -> None:
        """Forget what was sent."""
        self._sent.clear()

    async def close(self) -> None:
        """Give up what is still being sent again."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _sign(self, interaction: Interaction, url: str) -> _Signed:
        skew = self._standin.chaos.roll("clock_skew")
        timestamp = int(self._standin.clock.now() + (skew.seconds if skew else 0.0))
        interaction.body = encode(interaction.sent)
        headers = self._standin.signer.headers(interaction.body, timestamp)
        return _Signed(url, interaction.body, headers)

    async def _until_settled(self, interaction: Interaction, signed: _Signed) -> None:
        """Race the endpoint's answer, an answer by URL, and the 3 seconds.

        An endpoint that answered by URL is left to finish its own response.
        """
        standin = self._standin
        request = self._start(self._request(interaction, signed))
        answered = asyncio.create_task(interaction.answered.wait())
        try:
            await asyncio.wait(
                {request, answered},
                timeout=standin.limits.answer_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            answered.cancel()
        if not interaction.is_settled:
            settle(standin, interaction, TIMEOUT, error=NO_RESPONSE)
            request.cancel()
        elif request.done():
            request.result()

    async def _request(self, interaction: Interaction, signed: _Signed) -> None:
        """Send it; returns when it is settled, unless the answer is to come by URL."""
        try:
            answer = await self._post(interaction, signed)
            if answer.status_code in _ACCEPTED:
                await interaction.answered.wait()
                return
            self._take(interaction, answer)
        except NotDeliveredError as error:
            settle(
                self._standin,
                interaction,
                ERROR,
                status=error.status,
                error=f"{NO_RESPONSE}: {error}",
                error_body=error.body,
            )

    async def _post(self, interaction: Interaction, signed: _Signed) -> httpx.Response:
        interaction.deliveries += 1
        return await post(self._standin, signed.url, signed.body, signed.headers)

    def _take(self, interaction: Interaction, answer: httpx.Response) -> None:
        """Apply an inline answer; NotDeliveredError if Discord would not take it."""
        status = answer.status_code
        if status != httpx.codes.OK:
            raise NotDeliveredError(f"the endpoint answered with status {status}", status)
        try:
            apply_answer(self._standin, interaction, decode_json(answer.content), {})
        except DiscordError as error:
            if error.kind is ALREADY_ACKNOWLEDGED:
                return
            reason = "the endpoint's answer is not one that Discord takes"
            raise NotDeliveredError(reason, status, error.body()) from error
        interaction.status = status

    async def _repeat(self, interaction: Interaction, signed: _Signed) -> Json:
        started = time.monotonic()
        result: Json = {"interaction_id": interaction.id, "outcome": ANSWERED, "status": None}
        try:
            answer = await self._post(interaction, signed)
            result["status"] = answer.status_code
            with contextlib.suppress(ValueError):
                result["response"] = answer.json()
            if not answer.is_success:
                result["outcome"] = ERROR
        except NotDeliveredError as error:
            result |= {"outcome": ERROR, "error": str(error)}
        took = round((time.monotonic() - started) * 1000, 3)
        detail = {"outcome": result["outcome"], "status": result["status"], "took_ms": took}
        self._standin.note(interaction, "redelivered", detail)
        return result

    async def _send_again(self, interaction: Interaction, signed: _Signed) -> None:
        await self._repeat(interaction, signed)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run something that may outlive the request that began it."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task


_NOTICES = {
    Kind.COMMAND: NO_RESPONSE,
    Kind.COMPONENT: "This interaction failed",
    Kind.AUTOCOMPLETE: "Loading options failed",
    Kind.MODAL: "Something went wrong. Try again.",
}


def notice(interaction: Interaction) -> str | None:
    """What Discord's client tells the user when there is no answer."""
    if interaction.outcome in (TIMEOUT, ERROR):
        return _NOTICES.get(interaction.kind, NO_RESPONSE)
    return None
