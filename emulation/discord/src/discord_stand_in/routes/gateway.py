"""The addresses of the Gateway, and the Gateway itself.

Contract: https://docs.discord.com/developers/events/gateway#connections
"""

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse

from discord_stand_in.config import API
from discord_stand_in.gateway.connection import GatewayConnection
from discord_stand_in.gateway_protocol import DECODE_ERROR, INVALID_VERSION, VERSIONS
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep

router = APIRouter(tags=["gateway"])


@router.get(f"{API}/gateway")
async def get_gateway(backend: BackendDep) -> JSONResponse:
    """Where the Gateway is."""
    return JSONResponse({"url": backend.config.gateway_url})


@router.get(f"{API}/gateway/bot", dependencies=BOT_ONLY)
async def get_gateway_bot(backend: BackendDep) -> JSONResponse:
    """Where the Gateway is, and how many sessions the bot may start."""
    limit = backend.session_starts.as_json()
    url = backend.config.gateway_url
    return JSONResponse({"url": url, "shards": 1, "session_start_limit": limit})


@router.websocket("/")
async def gateway(websocket: WebSocket) -> None:
    """The Gateway."""
    backend = websocket.app.state.backend
    await websocket.accept()
    query = websocket.query_params
    version, compress = query.get("v", VERSIONS[-1]), query.get("compress", "")
    if version not in VERSIONS:
        await websocket.close(INVALID_VERSION.number, INVALID_VERSION.reason)
    elif query.get("encoding", "json") != "json":
        reason = "The stand-in speaks encoding=json alone."
        await websocket.close(DECODE_ERROR.number, reason)
    elif compress not in ("", "zlib-stream"):
        reason = "The stand-in compresses with zlib-stream alone."
        await websocket.close(DECODE_ERROR.number, reason)
    else:
        await GatewayConnection(backend, websocket, int(version), compress).serve()
