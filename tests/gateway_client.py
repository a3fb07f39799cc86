"""A client of the Gateway in the process of the stand-in, without a socket."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from tests.standin_in_process import StandIn

Payload = dict[str, Any]
GUILD_INTENTS = 1 << 0 | 1 << 9
"""Guilds and their messages."""


class GatewayClosedError(Exception):
    """The Gateway closed the connection."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class GatewayClient:
    """One WebSocket, as ASGI sees it."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._to_server: asyncio.Queue[Message] = asyncio.Queue()
        self._to_client: asyncio.Queue[Message] = asyncio.Queue()
        self._inflate = zlib.decompressobj()
        self.sequence: int | None = None
        self.compresses = False
        """Whether payloads are compressed one by one, as Identify asks for."""
        self.takes = asyncio.Event()
        """Whether it takes what is sent; one that does not keeps the sender waiting."""
        self.takes.set()
        self.is_refused = False
        """Whether the handshake was refused with status 403."""

    async def receive(self) -> Message:
        """The application's side: what the client sends."""
        return await self._to_server.get()

    async def send(self, message: Message) -> None:
        """The application's side: what the client gets."""
        await self.takes.wait()
        await self._to_client.put(message)

    async def opened(self) -> None:
        """Open the connection; `is_refused` says whether the Gateway took it."""
        self._to_server.put_nowait({"type": "websocket.connect"})
        opened = await asyncio.wait_for(self._to_client.get(), 10)
        self.is_refused = opened["type"] != "websocket.accept"

    def write(self, op: int, data: Any = None) -> None:
        """Send a payload."""
        self.write_text(json.dumps({"op": op, "d": data}))

    def write_text(self, text: str) -> None:
        """Send a text frame."""
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    def write_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        self._to_server.put_nowait({"type": "websocket.receive", "bytes": data})

    def disconnect(self, code: int = 1006) -> None:
        """End the connection."""
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": code})

    async def read(self) -> Payload:
        """The next payload; raises GatewayClosedError."""
        message = await asyncio.wait_for(self._to_client.get(), 10)
        if message["type"] == "websocket.close":
            raise GatewayClosedError(message["code"])
        text = message.get("text")
        if text is None:
            # A payload that is compressed by itself is a stream that ends with it.
            inflate = zlib.decompressobj() if self.compresses else self._inflate
            text = inflate.decompress(message["bytes"])
        payload: Payload = json.loads(text)
        if payload["s"] is not None:
            self.sequence = payload["s"]
        return payload

    async def event(self, name: str) -> Payload:
        """The data of the next event of that name; others are skipped."""
        while (payload := await self.read())["t"] != name:
            pass
        data: Payload = payload["d"]
        return data

    async def close_code(self) -> int:
        """Read to the end; the code with which the Gateway closes."""
        try:
            while True:
                await self.read()
        except GatewayClosedError as closed:
            return closed.code

    def identify(self, intents: int = GUILD_INTENTS, **changes: Any) -> None:
        """Start a session."""
        properties = {"os": "linux", "browser": "test", "device": "test"}
        data = {"token": self._token, "intents": intents, "properties": properties}
        self.write(2, data | changes)

    def resume(self, session_id: str, sequence: int | None) -> None:
        """Go on with a session."""
        self.write(6, {"token": self._token, "session_id": session_id, "seq": sequence})


@asynccontextmanager
async def connected(
    standin: StandIn, query: str = "v=10&encoding=json", **headers: str
) -> AsyncIterator[GatewayClient]:
    """A connection; what the Gateway says first is still to be read."""
    client = GatewayClient(standin.backend.application.bot_token)
    scope: Scope = {
        "type": "websocket",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "scheme": "ws",
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in ({"host": "127.0.0.1"} | headers).items()],
        "subprotocols": [],
    }
    served = asyncio.create_task(_serve(standin.app, scope, client))
    try:
        await client.opened()
        yield client
    finally:
        client.disconnect()
        await asyncio.wait_for(served, 10)


async def _serve(app: ASGIApp, scope: Scope, client: GatewayClient) -> None:
    await app(scope, client.receive, client.send)


@asynccontextmanager
async def identified(
    standin: StandIn, intents: int = GUILD_INTENTS, **changes: Any
) -> AsyncIterator[tuple[GatewayClient, Payload]]:
    """A client with a session, and the data of its READY."""
    async with connected(standin) as client:
        assert (await client.read())["op"] == 10
        client.identify(intents, **changes)
        yield client, await client.event("READY")
