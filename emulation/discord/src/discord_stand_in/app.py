"""Builds the HTTP application: routes, middleware, error responses and pages."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from discord_stand_in.api_middleware import ApiMiddleware
from discord_stand_in.backend import Backend
from discord_stand_in.browser_security import BrowserSecurityMiddleware
from discord_stand_in.endpoint import SignatureProber
from discord_stand_in.errors import ControlError, DiscordError, ErrorType, InvalidFormError
from discord_stand_in.interactions.delivery import InteractionDelivery
from discord_stand_in.json_types import Json
from discord_stand_in.recorder import Recorder
from discord_stand_in.routes import (
    applications,
    callbacks,
    cdn,
    channels,
    commands,
    control_directory,
    control_experiments,
    control_gateway,
    control_interactions,
    control_monetization,
    control_observed,
    control_pages,
    control_reports,
    control_settings,
    gateway,
    guilds,
    monetization,
    pins,
    reactions,
    webhooks,
)

_log = logging.getLogger(__name__)

# Before `channels`: `messages/pins` is no message.
DISCORD_ROUTES = (
    *(pins, reactions, applications, commands, callbacks, webhooks, channels, guilds),
    *(monetization, gateway, cdn),
)
"""The modules whose routes are Discord's."""
_CONTROL_ROUTES = (
    *(control_directory, control_gateway, control_interactions, control_monetization),
    *(control_observed, control_experiments, control_pages, control_reports, control_settings),
)


def create_app(backend: Backend) -> FastAPI:
    """An application that serves one backend and closes it when the server stops."""
    config = backend.config
    recorder = Recorder(config.recordings_dir)
    delivery = InteractionDelivery(backend, recorder)
    prober = SignatureProber(backend, config.probe_interval_seconds, config.seed)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        prober.start()
        yield
        await prober.stop()
        await delivery.close()
        await backend.close()

    app = FastAPI(
        title="Stand-in for Discord", version="10", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.backend = backend
    app.state.delivery = delivery
    app.state.prober = prober
    app.state.recorder = recorder
    app.router.redirect_slashes = False
    own_errors = (DiscordError, ControlError)
    for error_class in (*own_errors, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error_class, _error_response)
    app.add_middleware(ApiMiddleware, backend=backend)
    app.add_middleware(BrowserSecurityMiddleware, public_url=config.public_url)
    for routes in (*DISCORD_ROUTES, *_CONTROL_ROUTES):
        app.include_router(routes.router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer health checks."""
        return {"status": "ok"}

    @app.get("/operations", include_in_schema=False)
    async def operations_page() -> FileResponse:
        return FileResponse(config.pages_dir / "operations.html")

    app.mount("/", StaticFiles(directory=config.pages_dir, html=True), name="pages")
    return app


async def _error_response(request: Request, error: Exception) -> JSONResponse:
    """The response to a request whose route raised an error."""
    match error:
        case ControlError():
            return JSONResponse({"error": str(error)}, error.status)
        case DiscordError():
            return JSONResponse(error.body(), error.type.status)
        case RequestValidationError():
            return JSONResponse(InvalidFormError(_form_errors(error)).body(), 400)
        case HTTPException():
            status = error.status_code
            return JSONResponse(_status_body(status), status, error.headers)
        case _:
            # A defect of the stand-in, never the client's fault.
            _log.error("%s failed", request.method, exc_info=error)
            return JSONResponse(_status_body(500), 500)


def _status_body(status: int) -> Json:
    """Discord's error for a status that has no code of its own."""
    return DiscordError(ErrorType(status, 0, f"{status}: {HTTPStatus(status).phrase}")).body()


def _form_errors(error: RequestValidationError) -> Json:
    """What FastAPI refuses, as the tree of Discord's form errors."""
    tree: Json = {}
    for detail in error.errors():
        node = tree
        for part in detail["loc"][1:]:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": detail["type"], "message": detail["msg"]})
    return tree
