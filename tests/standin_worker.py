"""A stand-in on a port of this process, the bot's handlers behind it, and a worker that answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.worker.publisher import Publisher
from discord_diffusion.worker.source_images import SourceImages
from discord_stand_in.app import create_app
from discord_stand_in.backend import Backend
from discord_stand_in.config import API, Config
from emulation.rig.loopback import choose_port
from emulation.rig.waiting import wait_until
from infra.deploy.registration import registration
from tests.standin_bot import Handlers
from tests.standin_in_process import ENDPOINT, FakeApplication
from tests.unit.aws.jobs_table import jobs_table
from tests.unit.worker.worker_harness import Harness


@dataclass
class Studio:
    """What a user does, and what comes of it: signed interactions in, messages out."""

    http: httpx.Client
    handlers: Handlers
    worker: Harness

    def upload(self, content: bytes, name: str, media_type: str | None) -> str:
        """Upload a file; its id. Without `media_type` Discord says none."""
        headers = {"Content-Type": media_type} if media_type else {}
        where = {"params": {"filename": name}, "headers": headers}
        made = self.http.post("/control/attachments", content=content, **where)
        return str(made.raise_for_status().json()["id"])

    def imagine(self, image: str, locale: str) -> dict[str, Any]:
        """The message that becomes of `/imagine` with a source image."""
        options = {"prompt": "a star", "image": image, "images": 1}
        action = {"command": "imagine", "options": options, "locale": locale}
        # The answer is public: it has the language of the server.
        action["raw"] = {"guild_locale": locale}
        sent = self.http.post("/control/interactions", json=action).raise_for_status().json()
        assert sent["outcome"] == "answered", sent
        self.worker.run(self.handlers.queue.jobs[-1])
        found = self.http.get(f"/control/messages/{sent['message_id']}").raise_for_status()
        message: dict[str, Any] = found.json()
        return message


@contextmanager
def studio() -> Iterator[Studio]:
    """All of it, until the block ends; the worker draws plain colours."""
    port = choose_port()
    url = f"http://127.0.0.1:{port}"
    application = FakeApplication()
    config = Config(public_url=url, rate_limits=False, probe_interval_seconds=0)
    backend = Backend(config, transport=httpx.MockTransport(application))
    backend.endpoint.url = ENDPOINT
    with (
        jobs_table() as table,
        _serving(backend, port),
        httpx.Client(base_url=url, timeout=120) as http,
    ):
        token = {"Authorization": f"Bot {backend.application.bot_token}"}
        agent = {"User-Agent": "DiscordBot (https://application.test, 1.0)"}
        path = f"{API}/applications/{backend.application.id}/commands"
        http.put(path, json=registration(), headers=token | agent).raise_for_status()
        handlers = Handlers(application, table)
        dependencies = {
            "publisher": Publisher(WebhookClient(f"{url}{API}")),
            "source_images": SourceImages((), url),
        }
        with Harness(dependencies=dependencies) as worker:
            yield Studio(http, handlers, worker)


@contextmanager
def _serving(backend: Backend, port: int) -> Iterator[None]:
    config = uvicorn.Config(create_app(backend), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, "the stand-in listens")
        yield
    finally:
        server.should_exit = True
        thread.join(30)
