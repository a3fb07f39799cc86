"""The control API for the Gateway: its sessions, and the faults of their connections."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ControlError
from discord_stand_in.gateway.handshake import invalidate
from discord_stand_in.gateway_protocol import CLOSE_CODES, CloseCode, Opcode
from discord_stand_in.json_types import Json, StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body
from discord_stand_in.state.gateway_sessions import Connection, GatewaySession

router = APIRouter(prefix="/control/gateway", tags=["control"])
_OF_A_SERVER = (CloseCode(1001, "Going away."), CloseCode(1011, "Internal error."))


class SessionChoice(StrictModel):
    """One session, or all of them."""

    session_id: str | None = Field(default=None, description="None: every session.")


class Closing(SessionChoice):
    """How connections are closed."""

    code: int = Field(default=4000, description="One of the Gateway's close codes, 1001 or 1011.")


class Invalidation(SessionChoice):
    """How sessions are invalidated."""

    may_resume: bool = Field(default=False, description="The `d` of opcode 9.")


def _connected(backend: Backend, choice: SessionChoice) -> list[tuple[GatewaySession, Connection]]:
    """The chosen sessions that are connected, with their connections; 404 for an unknown id."""
    sessions = backend.sessions.all()
    if choice.session_id is not None:
        sessions = [session for session in sessions if session.id == choice.session_id]
        if not sessions:
            raise ControlError(f"There is no session {choice.session_id}.", 404)
    return [(one, one.connection) for one in sessions if one.connection is not None]


def _session_json(session: GatewaySession) -> Json:
    return {
        "id": session.id,
        "intents": int(session.intents),
        "shard": list(session.shard),
        "sequence": session.sequence,
        "connected": session.connection is not None,
    }


@router.get("")
async def get_sessions(backend: BackendDep) -> JSONResponse:
    """The sessions that are connected or may be resumed."""
    sessions = [_session_json(session) for session in backend.sessions.all()]
    starts = backend.session_starts.as_json()
    return JSONResponse({"sessions": sessions, "session_start_limit": starts})


@router.post("/reconnect")
async def reconnect(request: Request, backend: BackendDep) -> JSONResponse:
    """Ask clients to connect again and resume (opcode 7)."""
    chosen = _connected(backend, await control_body(request, backend, SessionChoice))
    for _, connection in chosen:
        connection.send({"op": Opcode.RECONNECT, "d": None, "s": None, "t": None})
    return JSONResponse({"sessions": [session.id for session, _ in chosen]})


@router.post("/close")
async def close(request: Request, backend: BackendDep) -> JSONResponse:
    """Close connections; what is dispatched meanwhile waits for Resume."""
    closing = await control_body(request, backend, Closing)
    codes = {code.number: code for code in (*CLOSE_CODES, *_OF_A_SERVER)}
    if closing.code not in codes:
        raise ControlError(f"code: one of {', '.join(map(str, sorted(codes)))}.")
    chosen = _connected(backend, closing)
    for session, connection in chosen:
        # At once: an event that follows must not be sent over the connection that ends.
        backend.sessions.disconnect(session, connection)
        connection.close(codes[closing.code])
    return JSONResponse({"sessions": [session.id for session, _ in chosen]})


@router.post("/invalidate")
async def invalidate_sessions(request: Request, backend: BackendDep) -> JSONResponse:
    """Invalidate sessions (opcode 9); unless they may be resumed, they end."""
    invalidation = await control_body(request, backend, Invalidation)
    chosen = _connected(backend, invalidation)
    for session, connection in chosen:
        backend.sessions.disconnect(session, connection)
        if not invalidation.may_resume:
            backend.sessions.end(session)
        invalidate(connection, may_resume=invalidation.may_resume)
    return JSONResponse({"sessions": [session.id for session, _ in chosen]})
