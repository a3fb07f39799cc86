"""Builds the ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from emulation.discord import error_handlers
from emulation.discord.delivery import Courier
from emulation.discord.middleware import ApiRules
from emulation.discord.routes import (
    applications,
    cdn,
    commands,
    control,
    interactions,
    webhooks,
)
from emulation.discord.standin import StandIn


def create_app(standin: StandIn) -> FastAPI:
    """An application that serves one stand-in and closes it when the server stops."""
    courier = Courier(standin)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await courier.close()
        await standin.close()

    app = FastAPI(title="Stand-in for Discord", version="10", lifespan=lifespan, docs_url=None)
    app.state.standin = standin
    app.state.courier = courier
    app.router.redirect_slashes = False
    error_handlers.install(app)
    app.add_middleware(ApiRules, standin=standin)
    for part in (applications, commands, interactions, webhooks, cdn, control):
        app.include_router(part.router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether it serves."""
        return {"status": "ok"}

    return app
