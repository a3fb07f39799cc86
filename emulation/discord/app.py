"""Builds the ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from emulation.discord import error_handlers
from emulation.discord.api_middleware import ApiRules
from emulation.discord.backend import StandIn
from emulation.discord.browser_security import PageRules
from emulation.discord.interactions.delivery import Courier
from emulation.discord.probes import Prober
from emulation.discord.recorder import Recorder
from emulation.discord.routes import (
    applications,
    cdn,
    channels,
    commands,
    control_notes,
    control_series,
    webhooks,
)
from emulation.discord.routes import (
    callbacks as interactions,
)
from emulation.discord.routes import (
    control_interactions as control,
)
from emulation.discord.routes import (
    control_pages as control_live,
)
from emulation.discord.routes import (
    control_settings as control_rig,
)

_ROUTES = (
    applications,
    commands,
    interactions,
    webhooks,
    channels,
    cdn,
    control,
    control_live,
    control_rig,
    control_notes,
    control_series,
)


def create_app(standin: StandIn) -> FastAPI:
    """An application that serves one stand-in and closes it when the server stops."""
    config = standin.config
    recorder = Recorder(config.recordings_dir)
    courier = Courier(standin, recorder)
    prober = Prober(standin, config.probe_interval_seconds, config.seed)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        prober.start()
        yield
        await prober.stop()
        await courier.close()
        await standin.close()

    app = FastAPI(
        title="Stand-in for Discord",
        version="10",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.standin = standin
    app.state.courier = courier
    app.state.prober = prober
    app.state.recorder = recorder
    app.router.redirect_slashes = False
    error_handlers.install(app)
    app.add_middleware(ApiRules, standin=standin)
    app.add_middleware(PageRules, public_url=config.public_url)
    for part in _ROUTES:
        app.include_router(part.router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether it serves."""
        return {"status": "ok"}

    _serve_pages(app, standin)
    return app


def _serve_pages(app: FastAPI, standin: StandIn) -> None:
    """The channel page at `/`, the operations page at `/operations`, if they are there."""
    folder = standin.config.pages_dir
    if not folder.is_dir():
        return
    operations = folder / "operations.html"
    if operations.is_file():

        @app.get("/operations", include_in_schema=False)
        async def operations_page() -> FileResponse:
            return FileResponse(operations)

    app.mount("/", StaticFiles(directory=folder, html=True), name="pages")
