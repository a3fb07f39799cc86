"""The control API's views: a snapshot to draw a page from, and the events that follow it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from emulation.discord.backend import StandIn
from emulation.discord.clock import iso
from emulation.discord.endpoint import application_json, endpoint_json
from emulation.discord.errors import ControlError
from emulation.discord.interactions.responses import summary_json
from emulation.discord.json_types import Json
from emulation.discord.messages import safe_filename
from emulation.discord.request_body import read_bytes
from emulation.discord.routes.control_interactions import known
from emulation.discord.routes.dependencies import (
    ProberDep,
    RecorderDep,
    StandInDep,
    answer,
    control_body,
)
from emulation.discord.state.attachments import Attachment, picture_size

router = APIRouter(prefix="/control", tags=["control"])

_INTERACTIONS_SHOWN = 200


class TimelineEntry(BaseModel):
    """Something another part of the rig saw happen to an interaction."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    at: datetime | None = Field(default=None, description="ISO 8601 or Unix seconds; else now.")
    detail: dict[str, Any] | None = None


@router.get("/events")
async def events(request: Request, standin: StandInDep) -> StreamingResponse:
    """Server-sent events; `Last-Event-ID` (or `?after=`) resumes after that event."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if text is not None and not (text.isdecimal() and len(text) < 16):
        raise ControlError("Last-Event-ID must be the number of an event.")
    stream = standin.events.stream(None if text is None else int(text))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/snapshot")
async def snapshot(standin: StandInDep, prober: ProberDep, recorder: RecorderDep) -> JSONResponse:
    """All that a page needs to draw itself; events after `last_event_id` bring it up to date."""
    newest = standin.interactions.all()[-_INTERACTIONS_SHOWN:]
    return answer(
        {
            "last_event_id": standin.events.last_id,
            "now": iso(standin.clock.now()),
            "application": application_json(standin),
            "endpoint": endpoint_json(standin),
            "commands": standin.commands.everything(),
            "world": _world(standin),
            "messages": _messages(standin),
            "interactions": [summary_json(standin, one) for one in newest],
            "chaos": standin.chaos.as_json(),
            "probes": prober.as_json(),
            "recorder": recorder.as_json(),
            "rate_limits": {"enabled": standin.rates.enabled},
            "limits": {
                "answer_seconds": standin.limits.answer_seconds,
                "token_seconds": standin.limits.token_seconds,
                "attachment_bytes": standin.limits.attachment_bytes,
            },
        }
    )


def _world(standin: StandIn) -> Json:
    world = standin.world
    users = [
        one.as_json() | {"locale": one.locale, "roles": list(one.roles)}
        for one in world.users.values()
    ]
    channels = [
        world.channel_json(one, standin.messages.last_id(one.id)) for one in world.channels.values()
    ]
    return {
        "users": users,
        "guild": world.guild.as_json(),
        "channels": channels,
        "default_user_id": world.default_user.id,
        "default_channel_id": world.default_channel.id,
    }


def _messages(standin: StandIn) -> Json:
    """Every channel's messages, oldest first, ephemeral ones with who can see them."""
    return {
        channel_id: [
            standin.messages.for_control(message)
            for message in standin.messages.in_channel(channel_id)
        ]
        for channel_id in standin.world.channels
    }


@router.get("/messages/{message_id}")
async def get_message(standin: StandInDep, message_id: str) -> JSONResponse:
    """A message with every version of it, deleted or not."""
    message = standin.messages.find(message_id)
    if message is None:
        raise ControlError(f"There is no message {message_id}.", 404)
    return answer(standin.messages.for_control(message) | {"history": message.history})


@router.post("/timeline/{interaction_id}")
async def add_to_timeline(
    request: Request, standin: StandInDep, interaction_id: str
) -> JSONResponse:
    """Put an event of another part of the rig on an interaction's timeline."""
    entry = await control_body(request, standin, TimelineEntry)
    interaction = known(standin, interaction_id)
    at = None
    if entry.at is not None:
        at = (entry.at if entry.at.tzinfo else entry.at.replace(tzinfo=UTC)).timestamp()
    standin.note(interaction, entry.name, entry.detail, at)
    return answer(summary_json(standin, interaction))


@router.post("/attachments")
async def upload(request: Request, standin: StandInDep, filename: str) -> JSONResponse:
    """Keep the raw body as a file that an attachment option can name by its id."""
    data = await read_bytes(request, standin.limits.attachment_bytes)
    size = picture_size(data)
    attachment = Attachment(
        id=standin.snowflakes.next(),
        channel_id=standin.world.default_channel.id,
        filename=safe_filename(filename),
        content_type=request.headers.get("content-type", "application/octet-stream"),
        size=len(data),
        width=size[0] if size else None,
        height=size[1] if size else None,
        ephemeral=True,
    )
    standin.attachments.add(attachment, data)
    return answer(standin.attachments.as_json(attachment), 201)
