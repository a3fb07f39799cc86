"""One WebSocket of the Gateway: sends Hello and dispatches, reads what the client sends.

Contract: https://docs.discord.com/developers/events/gateway
"""

import asyncio
import contextlib
import json
import logging
import zlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from discord_stand_in.backend import Backend
from discord_stand_in.gateway.commands import HANDLERS
from discord_stand_in.gateway.handshake import identify, resume
from discord_stand_in.gateway.requests import (
    GatewayError,
    Heartbeat,
    Identify,
    Resume,
    decode,
    parse,
)
from discord_stand_in.gateway_limits import PayloadLimit
from discord_stand_in.gateway_protocol import (
    ALREADY_AUTHENTICATED,
    NOT_AUTHENTICATED,
    RATE_LIMITED,
    UNKNOWN_ERROR,
    UNKNOWN_OPCODE,
    CloseCode,
    Opcode,
)
from discord_stand_in.json_types import Json
from discord_stand_in.state.gateway_sessions import GatewaySession

_log = logging.getLogger(__name__)
_ENDS_SESSION = (1000, 1001)
"""A client that closes with one of these codes does not come back."""
_GRACE = 1.5
"""How many intervals may pass without a heartbeat; Discord documents no number."""
_WATCH_SECONDS = 1.0
SEND_SECONDS = 20.0
"""A client that takes nothing for so long is left: what waits for it would only grow."""
_LARGE_BYTES = 1024
"""Larger payloads are compressed for a client that asked for it; Discord documents no number."""


class GatewayConnection:
    """The conversation with one client."""

    def __init__(self, backend: Backend, websocket: WebSocket, version: int, compress: str) -> None:
        """`compress`: `zlib-stream`, or empty for none."""
        self._backend = backend
        self._websocket = websocket
        self._version = version
        self._zlib = zlib.compressobj() if compress else None
        self._outgoing: asyncio.Queue[Json | CloseCode | None] = asyncio.Queue()
        self._limit = PayloadLimit(backend.clock)
        self._heard_at = backend.clock.now()
        self._session: GatewaySession | None = None
        self._compresses_payloads = False

    def send(self, payload: Json) -> None:
        """Send a payload, after those that wait already."""
        self._outgoing.put_nowait(payload)

    def close(self, code: CloseCode) -> None:
        """Close the connection, after what waits to be sent."""
        self._outgoing.put_nowait(code)

    async def serve(self) -> None:
        """Talk to the client until one side ends the connection."""
        interval = int(self._backend.limits.heartbeat_seconds * 1000)
        self.send({"op": Opcode.HELLO, "d": {"heartbeat_interval": interval}, "s": None, "t": None})
        work = (self._write(), self._read(), self._watch_heartbeats())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            # The writer alone ends a connection: the others tell it to, with the code or None.
            with contextlib.suppress(WebSocketDisconnect, TimeoutError):
                await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._session is not None:
                self._backend.sessions.disconnect(self._session, self)

    async def _write(self) -> None:
        """Send what waits, until the connection is closed, or its client reads no more.

        Raises:
            TimeoutError: the client has not read for SEND_SECONDS.
        """
        while (next_one := await self._outgoing.get()) is not None:
            async with asyncio.timeout(SEND_SECONDS):
                if isinstance(next_one, CloseCode):
                    _log.info("Gateway: closed with %d %s", next_one.number, next_one.reason)
                    await self._websocket.close(next_one.number, next_one.reason)
                    return
                await self._send_payload(next_one)

    async def _send_payload(self, payload: Json) -> None:
        text = json.dumps(payload, separators=(",", ":"))
        if self._zlib is not None:
            data = self._zlib.compress(text.encode())
            await self._websocket.send_bytes(data + self._zlib.flush(zlib.Z_SYNC_FLUSH))
        elif self._compresses_payloads and len(text) > _LARGE_BYTES:
            await self._websocket.send_bytes(zlib.compress(text.encode()))
        else:
            await self._websocket.send_text(text)

    async def _read(self) -> None:
        """Act on what the client sends; a rule that it breaks closes the connection."""
        try:
            while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
                self._handle(message.get("bytes") or (message.get("text") or "").encode())
        except GatewayError as error:
            self.close(error.code)
            return
        except Exception:  # noqa: BLE001 - a defect of the stand-in, never the client's fault
            _log.exception("A payload of the Gateway was not handled")
            self.close(UNKNOWN_ERROR)
            return
        if self._session is not None and message.get("code") in _ENDS_SESSION:
            self._backend.sessions.end(self._session)
        self._outgoing.put_nowait(None)

    async def _watch_heartbeats(self) -> None:
        """End the connection of a client that has sent no heartbeat for too long.

        It may resume: https://docs.discord.com/developers/events/gateway#heartbeat-interval
        """
        while not self.is_silent:
            await asyncio.sleep(_WATCH_SECONDS)
        self.close(UNKNOWN_ERROR)

    @property
    def is_silent(self) -> bool:
        """Whether the client has sent no heartbeat for too long."""
        silence = self._backend.clock.now() - self._heard_at
        return silence > self._backend.limits.heartbeat_seconds * _GRACE

    def _handle(self, raw: bytes) -> None:
        """Act on a frame; GatewayError if the client broke a rule."""
        opcode, data = decode(raw)
        if self._backend.rate_limiter.enabled and self._limit.is_exceeded():
            raise GatewayError(RATE_LIMITED)
        if opcode == Opcode.HEARTBEAT:
            parse(Heartbeat, {"sequence": data})
            self._heard_at = self._backend.clock.now()
            self.send({"op": Opcode.HEARTBEAT_ACK, "d": None, "s": None, "t": None})
        elif opcode == Opcode.IDENTIFY:
            self._identify(parse(Identify, data))
        elif opcode == Opcode.RESUME:
            self._resume(parse(Resume, data))
        elif opcode not in HANDLERS:
            raise GatewayError(UNKNOWN_OPCODE)
        elif self._session is None or self._session.connection is not self:
            raise GatewayError(NOT_AUTHENTICATED)
        else:
            HANDLERS[opcode](self._backend, self._session, data)

    def _identify(self, request: Identify) -> None:
        self._check_is_new()
        self._compresses_payloads = bool(request.compress)
        self._session = identify(self._backend, self, request, self._version)

    def _resume(self, request: Resume) -> None:
        self._check_is_new()
        self._session = resume(self._backend, self, request)

    def _check_is_new(self) -> None:
        """Refuse a second session; one that the Gateway invalidated may be followed by another."""
        if self._session is not None and self._session.connection is self:
            raise GatewayError(ALREADY_AUTHENTICATED)
