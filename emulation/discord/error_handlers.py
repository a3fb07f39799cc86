"""Turns what routes raise into Discord's error bodies. Our own bugs become a 500 and are logged."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from emulation.discord.errors import (
    BAD_REQUEST,
    FORBIDDEN,
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    ControlError,
    DiscordError,
    InvalidFormError,
    Kind,
)
from emulation.discord.json_types import Json

_log = logging.getLogger(__name__)
_BY_STATUS = {kind.status: kind for kind in (BAD_REQUEST, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED)}


def _respond(error: DiscordError) -> JSONResponse:
    return JSONResponse(error.body(), error.kind.status)


async def _discord(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DiscordError)  # noqa: S101 - registered for that class only
    return _respond(error)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class only
    status = error.status_code
    kind = _BY_STATUS.get(status, Kind(status, 0, f"{status}: {error.detail}"))
    response = _respond(DiscordError(kind))
    response.headers.update(error.headers or {})
    return response


async def _control(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ControlError)  # noqa: S101 - registered for that class only
    return JSONResponse({"error": str(error)}, error.status)


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    """What FastAPI refuses, in the shape of Discord's form errors."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for that class only
    tree: Json = {}
    for one in error.errors():
        node = tree
        for part in one["loc"][1:]:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": one["type"], "message": one["msg"]})
    return _respond(InvalidFormError(tree))


async def _bug(request: Request, error: Exception) -> JSONResponse:
    """Ours, never the client's."""
    _log.error("%s failed", request.method, exc_info=error)
    return _respond(DiscordError(INTERNAL))


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(DiscordError, _discord)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ControlError, _control)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _bug)
