"""Middleware of Discord's API: what every request passes before and after its route.

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

from discord_stand_in.backend import Backend
from discord_stand_in.chaos import Fault
from discord_stand_in.clock import iso
from discord_stand_in.config import API
from discord_stand_in.errors import BAD_USER_AGENT, DiscordError, ErrorType
from discord_stand_in.rate_limits import RateLimitResult

_log = logging.getLogger(__name__)
# The documented form has a comma between address and version; discord.py's has none, and
# interactions.py says more behind the version.
_USER_AGENT = re.compile(r"DiscordBot \([^\s,()]+(?:, ?| )[^\s()]+(?: [^\s()]+)*\).*")
# Where the token is in the path, Discord accepts any agent: discord.py's webhooks send aiohttp's.
_TOKEN_IN_PATH = re.compile(r"/(?:webhooks/[^/]+/[^/]+(?:/.*)?|interactions/.*)")
_PATH_TOKEN = re.compile(r"(/(?:webhooks|interactions)/[^/]+/)[^/?]+")
# Without a version, as in the webhooks' addresses that Discord shows, and with the one before:
# https://docs.discord.com/developers/reference#api-versioning
_OTHER_VERSION = re.compile(r"/api(?:/v9)?(?=/(?!v\d+(?:/|$)))")
_DROPPED_CONTENT_LENGTH = 65_536
"""More bytes than are sent before a connection is dropped."""


def mask_path(path: str) -> str:
    """The path with the token of a webhook or an interaction hidden, for logs and pages."""
    return _PATH_TOKEN.sub(r"\1***", path)


class ApiMiddleware:
    """ASGI middleware around the whole application; only paths below /api are Discord's."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (other := _OTHER_VERSION.match(scope["path"])):
            scope = {**scope, "path": API + scope["path"][other.end() :]}
        if scope["type"] != "http" or not scope["path"].startswith(f"{API}/"):
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._backend, scope, receive, send).serve()


class _Exchange:
    """One request of Discord's API and its response."""

    def __init__(
        self, app: ASGIApp, backend: Backend, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._app, self._backend = app, backend
        self._scope, self._receive, self._send = scope, receive, send
        self._method: str = scope["method"]
        self._path: str = scope["path"].removeprefix(API)
        self._headers = Headers(scope=scope)
        self._address = (scope.get("client") or ("unknown", 0))[0]
        self._rate_limit: RateLimitResult | None = None
        self._status = 0
        self._is_banned = False

    async def serve(self) -> None:
        """Serve the request and log its outcome."""
        started = time.monotonic()
        try:
            early_response = await self._early_response()
            if early_response is not None:
                await early_response(self._scope, self._receive, self._send_response)
                return
            dropped = self._backend.chaos.strike("dropped", self._path)
            if dropped is None:
                await self._app(self._scope, self._receive, self._send_response)
            else:
                await self._drop_connection(dropped)
        finally:
            self._finish((time.monotonic() - started) * 1000)

    async def _early_response(self) -> ASGIApp | None:
        """The response to a request that does not reach its route."""
        if not self._has_valid_user_agent():
            return _error_response(BAD_USER_AGENT)
        self._is_banned = self._backend.rate_limiter.is_banned(self._address)
        if self._is_banned:
            return PlainTextResponse("error code: 1015", 429, {"Retry-After": "600"})
        return await self._chaos_response() or self._rate_limit_response()

    def _has_valid_user_agent(self) -> bool:
        agent = self._headers.get("user-agent", "")
        if _TOKEN_IN_PATH.fullmatch(self._path):
            return bool(agent)
        return _USER_AGENT.fullmatch(agent) is not None

    async def _chaos_response(self) -> ASGIApp | None:
        chaos = self._backend.chaos
        slow = chaos.strike("slow", self._path)
        if slow is not None:
            await asyncio.sleep(max(0.0, slow.seconds))
        rate_limited = chaos.strike("rate_limited", self._path)
        if rate_limited is not None:
            return _too_many_requests(max(0.0, rate_limited.seconds), rate_limited.scope)
        server_error = chaos.strike("server_error", self._path)
        if server_error is not None:
            status = server_error.status
            return _error_response(ErrorType(status, 0, f"{status}: Server Error"))
        return None

    def _rate_limit_response(self) -> ASGIApp | None:
        token = self._headers.get("authorization")
        result = self._backend.rate_limiter.count_request(self._method, self._path, token)
        self._rate_limit = result
        if result.allowed:
            return None
        return _too_many_requests(result.reset_after, "global" if result.is_global else "user")

    async def _drop_connection(self, fault: Fault) -> None:
        """Break off in the middle of a response, before or after the route acted."""
        if fault.when == "after":
            await self._app(self._scope, self._receive, _discard)
        headers = [(b"content-length", str(_DROPPED_CONTENT_LENGTH).encode())]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await self._send_response(start)
        await self._send({"type": "http.response.body", "body": b"{", "more_body": True})

    async def _send_response(self, message: Message) -> None:
        """Send a part of the response, with the rate-limit headers, and keep its status."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            if not self._is_banned:
                # Clients recognise Discord's own responses by this header; a ban has none.
                headers["Via"] = "1.1 google"
            if self._rate_limit is not None and self._backend.rate_limiter.enabled:
                headers.update(self._rate_limit.headers())
        await self._send(message)

    def _finish(self, took_ms: float) -> None:
        self._backend.rate_limiter.count_status(self._address, self._status)
        path = mask_path(self._scope["path"])
        _log.info("%s %s %d %.1f ms", self._method, path, self._status, took_ms)
        data = {"method": self._method, "path": path, "status": self._status}
        call = data | {"took_ms": round(took_ms, 3)}
        self._backend.api_calls.add(call | {"at": iso(self._backend.clock.now())})
        self._backend.events.publish("request", call)


async def _discard(_message: Message) -> None:
    """Drop a part of a response that is not sent."""


def _error_response(error_type: ErrorType) -> ASGIApp:
    return JSONResponse(DiscordError(error_type).body(), error_type.status)


def _too_many_requests(retry_after: float, scope: str) -> ASGIApp:
    """A 429; `scope` is `user`, `global` or `shared`."""
    headers = {"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": scope == "global",
    }
    return JSONResponse(body, 429, headers)
