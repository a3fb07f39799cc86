"""Delivers interactions: once, with 3 s to respond; chaos may repeat or delay a delivery.

They go to the application's endpoint, signed, or over the Gateway if it has none; never both.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass

import httpx

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ALREADY_ACKNOWLEDGED, ControlError, DiscordError, EndpointError
from discord_stand_in.interactions.responses import apply_response, finish
from discord_stand_in.json_types import Json
from discord_stand_in.recorder import Recorder
from discord_stand_in.request_body import decode_json
from discord_stand_in.signing import encode
from discord_stand_in.state.interactions import Interaction, InteractionType, Outcome

_NO_RESPONSE = "The application did not respond"
_NO_RECEIVER = "The application has no interactions endpoint URL and no session of the Gateway"
_RESPONSE_BY_URL = (202, 204)
"""The statuses by which an endpoint says that it responds through the callback URL."""


@dataclass(frozen=True)
class _SignedRequest:
    """A request that can be sent again, byte for byte."""

    url: str
    body: bytes
    headers: dict[str, str]


class InteractionDelivery:
    """Delivers interactions to the application's endpoint."""

    def __init__(self, backend: Backend, recorder: Recorder) -> None:
        self._backend = backend
        self._recorder = recorder
        self._requests: dict[str, _SignedRequest] = {}
        backend.on_forgotten.append(lambda interaction: self._requests.pop(interaction, None))
        self._tasks: set[asyncio.Task[object]] = set()

    async def deliver(self, interaction: Interaction) -> None:
        """Send an interaction and wait until it has an `outcome`."""
        backend = self._backend
        backend.add_timeline_event(interaction, "created")
        backend.publish_interaction(interaction)
        self._recorder.record(interaction)
        url = backend.endpoint.url
        if url is None and not backend.sessions.all():
            finish(backend, interaction, Outcome.ERROR, error=_NO_RECEIVER)
            return
        delay = backend.chaos.strike("reordered")
        if delay is not None:
            await asyncio.sleep(max(0.0, delay.seconds))
        if url is None:
            await self._dispatch(interaction)
            return
        request = self._sign(interaction, url)
        self._requests[interaction.id] = request
        if backend.chaos.strike("duplicates") is not None:
            self._start(self._redeliver(interaction, request))
        backend.add_timeline_event(interaction, "delivered")
        await self._send_until_finished(interaction, request)

    async def _dispatch(self, interaction: Interaction) -> None:
        """Send an interaction over the Gateway and wait for the response by URL."""
        backend = self._backend
        times = 1 if backend.chaos.strike("duplicates") is None else 2
        backend.add_timeline_event(interaction, "delivered", {"by": "gateway"})
        for _ in range(times):
            self._dispatch_once(interaction)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(interaction.finished.wait(), backend.limits.answer_seconds)
        finish(backend, interaction, Outcome.TIMEOUT, error=_NO_RESPONSE)

    def _dispatch_once(self, interaction: Interaction) -> None:
        interaction.deliveries += 1
        data, guild_id = interaction.sent_payload, interaction.guild_id
        self._backend.dispatch("INTERACTION_CREATE", data, guild_id)

    async def redeliver(self, interaction: Interaction) -> Json:
        """Send the very same request once more; the response is recorded and ignored.

        Raises ControlError (409) if the interaction was never sent.
        """
        request = self._requests.get(interaction.id)
        if request is None:
            raise ControlError("This interaction was never delivered.", 409)
        return await self._redeliver(interaction, request)

    async def _redeliver(self, interaction: Interaction, request: _SignedRequest) -> Json:
        started = time.monotonic()
        result: Json = {
            "interaction_id": interaction.id,
            "outcome": Outcome.ANSWERED,
            "status": None,
        }
        interaction.deliveries += 1
        try:
            response = await self._backend.post(request.url, request.body, request.headers)
            result["status"] = response.status_code
            with contextlib.suppress(ValueError):
                result["response"] = response.json()
            if not response.is_success:
                result["outcome"] = Outcome.ERROR
        except EndpointError as error:
            result |= {"outcome": Outcome.ERROR, "error": str(error)}
        took_ms = round((time.monotonic() - started) * 1000, 3)
        detail = {"outcome": result["outcome"], "status": result["status"], "took_ms": took_ms}
        self._backend.add_timeline_event(interaction, "redelivered", detail)
        return result

    def clear(self) -> None:
        """Delete the requests that could be sent again."""
        self._requests.clear()

    async def close(self) -> None:
        """Cancel the deliveries that are still running."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _sign(self, interaction: Interaction, url: str) -> _SignedRequest:
        skew = self._backend.chaos.strike("clock_skew")
        timestamp = int(self._backend.clock.now() + (skew.seconds if skew else 0.0))
        body = encode(interaction.sent_payload)
        return _SignedRequest(url, body, self._backend.signer.headers(body, timestamp))

    async def _send_until_finished(self, interaction: Interaction, request: _SignedRequest) -> None:
        """Send the request and wait for a response, inline or by URL, for at most 3 seconds.

        An endpoint that responded by URL is left to finish its own HTTP response.
        """
        sending = self._start(self._send(interaction, request))
        finished = asyncio.create_task(interaction.finished.wait())
        try:
            await asyncio.wait(
                {sending, finished},
                timeout=self._backend.limits.answer_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            finished.cancel()
        if not interaction.is_finished:
            finish(self._backend, interaction, Outcome.TIMEOUT, error=_NO_RESPONSE)
            sending.cancel()
        elif sending.done():
            sending.result()

    async def _send(self, interaction: Interaction, request: _SignedRequest) -> None:
        """Send the request; return once the interaction has an outcome, inline or by URL."""
        interaction.deliveries += 1
        try:
            response = await self._backend.post(request.url, request.body, request.headers)
            if response.status_code in _RESPONSE_BY_URL:
                await interaction.finished.wait()
                return
            self._apply(interaction, response)
        except EndpointError as error:
            finish(
                self._backend,
                interaction,
                Outcome.ERROR,
                status=error.status,
                error=f"{_NO_RESPONSE}: {error}",
                error_body=error.body,
            )

    def _apply(self, interaction: Interaction, response: httpx.Response) -> None:
        """Apply an inline response; EndpointError if Discord would not accept it."""
        status = response.status_code
        if status != httpx.codes.OK:
            raise EndpointError(f"the endpoint answered with status {status}", status)
        try:
            apply_response(self._backend, interaction, decode_json(response.content), {})
        except DiscordError as error:
            if error.type is ALREADY_ACKNOWLEDGED:
                return
            reason = "the endpoint's answer is not one that Discord takes"
            raise EndpointError(reason, status, error.body()) from error
        interaction.status = status

    def _start(self, work: Coroutine[None, None, object]) -> asyncio.Task[object]:
        """Start a task that may outlive the HTTP request that started it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


_NOTICES = {
    InteractionType.COMPONENT: "This interaction failed",
    InteractionType.AUTOCOMPLETE: "Loading options failed",
    InteractionType.MODAL: "Something went wrong. Try again.",
}


def failure_notice(interaction: Interaction) -> str | None:
    """The notice that Discord's client shows for a failed interaction; None if it did not fail."""
    if interaction.outcome in (Outcome.TIMEOUT, Outcome.ERROR):
        return _NOTICES.get(interaction.type, _NO_RESPONSE)
    return None
