"""What happens to every request of Discord's API before and after its route.

In this order: the User-Agent, the ban for too many refused requests, chaos, rate limits, the
route itself; on the way back the rate-limit headers, the count of refused requests and the log.
"""

import asyncio
import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulation.discord.backend import StandIn
from emulation.discord.chaos import Fault
from emulation.discord.errors import BAD_USER_AGENT, DiscordError, Kind
from emulation.discord.masking import mask_path
from emulation.discord.rate_limits import Grant, refusal_headers
from emulation.discord.routes.dependencies import API

_log = logging.getLogger(__name__)
# The documented form has a comma between address and version; discord.py's, long taken, has none.
_USER_AGENT = re.compile(r"DiscordBot \([^\s,()]+(?:, ?| )[^\s()]+\).*")
# Where the token is in the path, Discord takes any agent: discord.py's webhooks send aiohttp's.
_TOKEN_IN_PATH = re.compile(r"/(?:webhooks/[^/]+/[^/]+(?:/.*)?|interactions/.*)")
_PROMISED = 65_536


class ApiRules:
    """ASGI middleware around the whole application; only paths below /api/v10 are Discord's."""

    def __init__(self, app: ASGIApp, standin: StandIn) -> None:
        self._app = app
        self._standin = standin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(f"{API}/"):
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._standin, scope, receive, send).serve()


class _Exchange:
    """One request of Discord's API and its answer."""

    def __init__(
        self, app: ASGIApp, standin: StandIn, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._app = app
        self._standin = standin
        self._scope = scope
        self._receive = receive
        self._send = send
        self._method: str = scope["method"]
        self._path: str = scope["path"].removeprefix(API)
        self._headers = Headers(scope=scope)
        self._address = (scope.get("client") or ("unknown", 0))[0]
        self._grant: Grant | None = None
        self._status = 0
        self._is_banned = False

    async def serve(self) -> None:
        """Run the steps and log the outcome."""
        started = time.monotonic()
        try:
            refusal = await self._refusal()
            if refusal is not None:
                await refusal(self._scope, self._receive, self._counted_send)
                return
            dropped = self._standin.chaos.roll("dropped", self._path)
            if dropped is None:
                await self._app(self._scope, self._receive, self._counted_send)
            else:
                await self._drop(dropped)
        finally:
            self._finish((time.monotonic() - started) * 1000)

    async def _refusal(self) -> ASGIApp | None:
        """The answer of a request that does not reach its route."""
        if not self._names_itself():
            return _error(BAD_USER_AGENT)
        self._is_banned = self._standin.rates.is_banned(self._address)
        if self._is_banned:
            text = "error code: 1015"
            return PlainTextResponse(text, 429, {"Retry-After": "600"})
        return await self._chaos() or self._over_limit()

    def _names_itself(self) -> bool:
        """Whether the User-Agent is one that Discord serves on this path."""
        agent = self._headers.get("user-agent", "")
        if _TOKEN_IN_PATH.fullmatch(self._path):
            return bool(agent)
        return _USER_AGENT.fullmatch(agent) is not None

    async def _chaos(self) -> ASGIApp | None:
        chaos = self._standin.chaos
        slow = chaos.roll("slow", self._path)
        if slow is not None:
            await asyncio.sleep(max(0.0, slow.seconds))
        storm = chaos.roll("rate_limited", self._path)
        if storm is not None:
            return _limited(max(0.0, storm.seconds), storm.scope)
        broken = chaos.roll("server_error", self._path)
        if broken is not None:
            return _error(Kind(broken.status, 0, f"{broken.status}: Server Error"))
        return None

    def _over_limit(self) -> ASGIApp | None:
        token = self._headers.get("authorization")
        self._grant = self._standin.rates.take(self._method, self._path, token)
        if self._grant.allowed:
            return None
        scope = "global" if self._grant.is_global else "user"
        return _limited(self._grant.reset_after, scope)

    async def _drop(self, fault: Fault) -> None:
        """Break the connection off in the middle of an answer, before or after the route acted."""
        if fault.when == "after":
            await self._app(self._scope, self._receive, _discard)
        headers = [(b"content-length", str(_PROMISED).encode())]
        await self._counted_send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"{", "more_body": True})

    async def _counted_send(self, message: Message) -> None:
        """Add the rate-limit headers and remember the status."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            if not self._is_banned:
                # Clients tell Discord's own answers from a ban by this header.
                headers["Via"] = "1.1 google"
            if self._grant is not None:
                for name, value in self._grant.headers().items():
                    headers[name] = value
        await self._send(message)

    def _finish(self, took_ms: float) -> None:
        self._standin.rates.count_status(self._address, self._status)
        path = mask_path(self._scope["path"])
        _log.info("%s %s %d %.1f ms", self._method, path, self._status, took_ms)
        data = {"method": self._method, "path": path, "status": self._status}
        self._standin.events.publish("request", data | {"took_ms": round(took_ms, 3)})


async def _discard(_message: Message) -> None:
    """An answer that nobody gets."""


def _error(kind: Kind) -> ASGIApp:
    return JSONResponse(DiscordError(kind).body(), kind.status)


def _limited(retry_after: float, scope: str) -> ASGIApp:
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": scope == "global",
    }
    return JSONResponse(body, 429, refusal_headers(retry_after, scope))
