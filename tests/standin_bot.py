"""The bot's own handlers behind a stand-in, with the jobs table on moto's DynamoDB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from nacl.signing import VerifyKey

from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.functions.interactions.endpoint import Endpoint
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.router import LazyHandlers, Router
from discord_diffusion.jobs.job import Job
from fixtures.discord.signing import public_key
from infra.deploy.registration import registration
from tests.standin_in_process import (
    ADA,
    BORIS,
    FakeApplication,
    Payload,
    StandIn,
    running,
)
from tests.unit.aws.jobs_table import items, jobs_table
from tests.unit.functions.conftest import SETTINGS, ListQueue


@dataclass
class Handlers:
    """The bot's handlers behind an application of a stand-in, with the jobs that they queue."""

    application: FakeApplication
    table: Table
    queue: ListQueue = field(default_factory=ListQueue)

    def __post_init__(self) -> None:
        jobs, fleet = JobStore(self.table), FleetStateStore(self.table)
        key = bytes(VerifyKey(bytes.fromhex(public_key())))
        settings = replace(SETTINGS, public_key=key)
        requests = PictureRequests(
            ParameterBuilder(settings),
            Admission(
                jobs=jobs,
                queue=self.queue,
                fleet=fleet,
                wake=None,
                confirmations=ConfirmationSchedule(None),
                settings=settings.fleet,
                deadline=Deadline(),
            ),
            GuildStore(self.table, audit_days=1),
            Limits(*[10_000] * 4, in_flight=500),
            audit_days=1,
        )
        self.admission = requests.admission
        self._deadline = requests.admission.deadline
        lazy = LazyHandlers(requests, jobs, fleet, JobHistory(self.table), CommandIds(self.table))
        self._endpoint = Endpoint(settings, Router(requests, lazy))
        self.application.reply = self._answer

    def _answer(self, _payload: Payload) -> httpx.Response:
        """Answer the request that the stand-in has just sent, byte for byte as it came."""
        request = self.application.received[-1]
        event = {"headers": dict(request.headers), "body": request.content.decode()}
        response = self.answer_event(event)
        return httpx.Response(response["statusCode"], text=response["body"])

    def answer_event(self, event: dict[str, Any]) -> dict[str, Any]:
        """The answer to an event of API Gateway."""
        self._deadline.begin()
        return self._endpoint.answer(event)


@dataclass
class Bot:
    """The bot, and what people in the stand-in do with it. Ada manages the guild."""

    standin: StandIn
    table: Table

    def __post_init__(self) -> None:
        self.handlers = Handlers(self.standin.application, self.table)
        self.queue = self.handlers.queue

    async def new_channel(self, **fields: Any) -> str:
        """Create a channel in the stand-in; its id."""
        made = await self.standin.http.post("/control/channels", json={"name": "new"} | fields)
        return str(made.raise_for_status().json()["id"])

    async def new_role(self, name: str, *user_ids: str) -> str:
        """Create a role in the stand-in; its id."""
        body = {"name": name, "user_ids": user_ids}
        made = await self.standin.http.post("/control/roles", json=body)
        return str(made.raise_for_status().json()["id"])

    async def delete(self, kind: str, one: str) -> None:
        """Delete a channel or a role."""
        (await self.standin.http.delete(f"/control/{kind}/{one}")).raise_for_status()

    async def imagine(self, channel_id: str, *, user_id: str = BORIS, **more: Any) -> Job | None:
        """The job that `/imagine` in a channel becomes; None if the answer is a refusal."""
        before = len(self.queue.jobs)
        options = {"prompt": "a star"} | more.pop("options", {})
        where = {"channel_id": channel_id, "user_id": user_id, "options": options}
        sent = await self.standin.send(command="imagine", strict=True, **where | more)
        assert sent["outcome"] == "answered", sent
        return self.queue.jobs[-1] if len(self.queue.jobs) > before else None

    async def settings(self, what: str, **options: Any) -> str:
        """What Ada reads after `/settings`."""
        return await self.answer(command=f"settings {what}", user_id=ADA, options=options)

    async def answer(self, **action: Any) -> str:
        """The text of the answer to an action, in English."""
        sent = await self.standin.send(strict=True, locale="en-US", **action)
        assert sent["outcome"] == "answered", sent
        return str(sent["response"]["data"])

    async def entries(self) -> dict[str, str]:
        """What the option `entry` of `/settings revoke` offers."""
        sent = await self.standin.send(command="settings revoke", focused="entry", user_id=ADA)
        choices = sent["response"]["data"]["choices"]
        return {choice["name"]: choice["value"] for choice in choices}

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """The items of the table."""
        return items(self.table)


@asynccontextmanager
async def running_bot() -> AsyncIterator[Bot]:
    """A stand-in in this process with the bot behind it, its commands registered."""
    with jobs_table() as table:
        async with running() as standin:
            bot = Bot(standin, table)
            (await standin.bot.put(standin.commands, json=registration())).raise_for_status()
            yield bot
