"""How a session starts, and how it goes on over another connection.

Contract: https://docs.discord.com/developers/events/gateway#identifying and
https://docs.discord.com/developers/events/gateway#resuming
"""

from discord_stand_in.backend import Backend
from discord_stand_in.gateway.payloads import guild_create, ready
from discord_stand_in.gateway.requests import GatewayError, Identify, Resume
from discord_stand_in.gateway_protocol import (
    ALL_INTENTS,
    APPLICATION_FLAGS,
    AUTHENTICATION_FAILED,
    DISALLOWED_INTENTS,
    INVALID_INTENTS,
    INVALID_SEQUENCE,
    INVALID_SHARD,
    UNKNOWN_ERROR,
    Intent,
    Opcode,
)
from discord_stand_in.state.gateway_sessions import Connection, GatewaySession


def identify(
    backend: Backend, connection: Connection, request: Identify, version: int
) -> GatewaySession | None:
    """Start a session; None if the client has to try again, for it was too soon.

    Raises:
        GatewayError: the token, the shard or the intents are wrong, or no start is left today.
    """
    _check_token(backend, request.token)
    shard = _shard(request.shard)
    intents = _intents(backend, request.intents)
    if backend.rate_limiter.enabled:
        if backend.session_starts.is_too_soon(shard[0]):
            invalidate(connection, may_resume=False)
            return None
        if not backend.session_starts.take():
            # Discord ends every session and resets the token.
            for other in backend.sessions.all():
                end(backend, other)
            raise GatewayError(AUTHENTICATION_FAILED)
    session = backend.sessions.start(intents, shard, connection)
    session.dispatch("READY", ready(backend, session, version))
    if session.receives("GUILD_CREATE", backend.directory.guild.id):
        session.dispatch("GUILD_CREATE", guild_create(backend, session))
    return session


def resume(backend: Backend, connection: Connection, request: Resume) -> GatewaySession | None:
    """Go on with a session and send what it missed; None if the client has to identify anew.

    Raises:
        GatewayError: the token is wrong, or the sequence number was never reached.
    """
    _check_token(backend, request.token)
    session = backend.sessions.find(request.session_id)
    if session is None:
        invalidate(connection, may_resume=False)
        return None
    if request.seq > session.sequence:
        raise GatewayError(INVALID_SEQUENCE)
    missed = session.missed(request.seq)
    if missed is None:
        backend.sessions.end(session)
        invalidate(connection, may_resume=False)
        return None
    if session.connection is not None:
        session.connection.close(UNKNOWN_ERROR)
    backend.sessions.resume(session, connection)
    for payload in missed:
        connection.send(payload)
    session.dispatch("RESUMED", {"_trace": ["stand-in"]})
    return session


def invalidate(connection: Connection, *, may_resume: bool) -> None:
    """Tell a client that its session is invalid; whether a new connection may resume it."""
    connection.send({"op": Opcode.INVALID_SESSION, "d": may_resume, "s": None, "t": None})


def end(backend: Backend, session: GatewaySession) -> None:
    """End a session and close its connection for good."""
    connection = session.connection
    backend.sessions.end(session)
    if connection is not None:
        connection.close(AUTHENTICATION_FAILED)


def _check_token(backend: Backend, token: str) -> None:
    if token != backend.application.bot_token:
        raise GatewayError(AUTHENTICATION_FAILED)


def _shard(numbers: list[int] | None) -> tuple[int, int]:
    """The number of a shard and how many there are; GatewayError (4010) if it is none."""
    match numbers:
        case None:
            return 0, 1
        case [number, count] if 0 <= number < count <= 1000:
            return number, count
        case _:
            raise GatewayError(INVALID_SHARD)


def _intents(backend: Backend, bits: int) -> Intent:
    """The intents; GatewayError for unknown bits (4013), or those that are not allowed (4014)."""
    if bits < 0 or bits & ~ALL_INTENTS:
        raise GatewayError(INVALID_INTENTS)
    intents = Intent(bits)
    for privileged, flags in APPLICATION_FLAGS.items():
        if privileged in intents and not backend.application_flags & flags:
            raise GatewayError(DISALLOWED_INTENTS)
    return intents
