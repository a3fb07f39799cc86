"""A stand-in in this process, and an application behind it whose answers a test chooses."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from starlette.types import ASGIApp

from discord_stand_in.app import create_app
from discord_stand_in.backend import Backend
from discord_stand_in.clock import Clock
from discord_stand_in.config import Config, Limits
from fixtures.discord.signing import public_key

Payload = dict[str, Any]
Reply = Callable[[Payload], Payload | httpx.Response | Awaitable[httpx.Response]]

URL = "http://standin.test"
ENDPOINT = "http://application.test/interactions"
USER_AGENT = "DiscordBot (https://application.test, 1.0)"
GUILD = "1300000000000000001"
ADA, BORIS = "1100000000000000001", "1100000000000000002"
PICTURES, AFTER_DARK = "1400000000000000001", "1400000000000000002"
DM, THREAD = "1400000000000000003", "1400000000000000004"
WEBHOOK_ID = "1500000000000000001"
WEBHOOK_TOKEN = "fixture-webhook-token.not-a-secret.as-long-as-the-tokens-of-discord"
WEBHOOK = f"/api/v10/webhooks/{WEBHOOK_ID}/{WEBHOOK_TOKEN}"


def message(content: str = "Queued", **data: Any) -> Payload:
    """An answer of type 4."""
    return {"type": 4, "data": {"content": content, **data}}


@dataclass
class FakeApplication:
    """An interactions endpoint that checks signatures and answers with `reply`."""

    reply: Reply = field(default=lambda _payload: message())
    checks_signatures: bool = True
    received: list[httpx.Request] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        response = await self._answer(request)
        self.answered.append(response.status_code)
        return response

    @property
    def payloads(self) -> list[Payload]:
        """The payloads that were received, without the PINGs."""
        decoded = [json.loads(request.content) for request in self.received]
        return [payload for payload in decoded if payload["type"] != 1]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.checks_signatures and not _is_signed(request):
            return httpx.Response(401)
        payload: Payload = json.loads(request.content)
        if payload["type"] == 1 and "event" not in payload:
            return httpx.Response(200, json={"type": 1})
        reply = self.reply(payload)
        if isinstance(reply, dict):
            return httpx.Response(200, json=reply)
        return reply if isinstance(reply, httpx.Response) else await reply


def _is_signed(request: httpx.Request) -> bool:
    signed = request.headers["x-signature-timestamp"].encode() + request.content
    try:
        signature = bytes.fromhex(request.headers["x-signature-ed25519"])
        VerifyKey(bytes.fromhex(public_key())).verify(signed, signature)
    except BadSignatureError:
        return False
    return True


@dataclass
class StandIn:
    """A stand-in in this process, its application, and clients of its HTTP API."""

    backend: Backend
    application: FakeApplication
    clock: Clock
    http: httpx.AsyncClient
    """A client without a token."""
    bot: httpx.AsyncClient
    """The bot, with its token."""
    app: ASGIApp
    """What serves them."""

    @property
    def commands(self) -> str:
        """Path of the global commands."""
        return f"/api/v10/applications/{self.backend.application.id}/commands"

    async def send(self, **action: Any) -> Payload:
        """Do what a user does, by default /imagine; the result of the delivery."""
        body = action or {"command": "imagine", "options": {"prompt": "a red circle"}}
        response = await self.http.post("/control/interactions", json=body)
        assert response.status_code == 200, response.text
        result: Payload = response.json()
        return result

    async def interaction(self, interaction_id: str) -> Payload:
        """An interaction as the control API shows it."""
        response = await self.http.get(f"/control/interactions/{interaction_id}")
        result: Payload = response.json()
        return result

    def webhook_path(self, interaction_id: str) -> str:
        """Path of the webhook of an interaction."""
        interaction = self.backend.interactions.find(interaction_id)
        assert interaction is not None
        return f"/api/v10/webhooks/{self.backend.application.id}/{interaction.token}"

    async def answered_interaction(self, **data: Any) -> tuple[str, str]:
        """Have an interaction answered with a message; its id and the path of its webhook."""
        self.application.reply = lambda _payload: message(**data)
        sent = await self.send()
        assert sent["outcome"] == "answered", sent
        return sent["interaction_id"], self.webhook_path(sent["interaction_id"])


class StillClock(Clock):
    """A clock that stands still until `offset` moves it, so that a busy machine changes nothing."""

    def now(self) -> float:
        """The time in Unix seconds."""
        return 1_700_000_000.0 + self.offset


@asynccontextmanager
async def running(clock: Clock | None = None, **settings: Any) -> AsyncIterator[StandIn]:
    """A stand-in whose application has an endpoint; `settings` are of Config and Limits."""
    limits = {name: settings.pop(name) for name in list(settings) if hasattr(Limits(), name)}
    config = Config(public_url=URL, rate_limits=False, probe_interval_seconds=0)
    application = FakeApplication()
    clock = clock or Clock()
    backend = Backend(
        replace(config, limits=Limits(**limits), **settings),
        clock=clock,
        transport=httpx.MockTransport(application),
    )
    backend.endpoint.url = ENDPOINT
    app = create_app(backend)
    headers = {"User-Agent": USER_AGENT}
    token = {"Authorization": f"Bot {backend.application.bot_token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=URL, headers=headers
        ) as http,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=URL, headers=headers | token
        ) as bot,
    ):
        yield StandIn(backend, application, clock, http, bot, app)


def multipart(
    payload: Payload, *files: tuple[str, bytes]
) -> list[tuple[str, tuple[str | None, bytes, str]]]:
    """A form as Discord wants uploads: payload_json and files[n]."""
    parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
        ("payload_json", (None, json.dumps(payload).encode(), "application/json"))
    ]
    for position, (name, data) in enumerate(files):
        parts.append((f"files[{position}]", (name, data, "image/png")))
    return parts
