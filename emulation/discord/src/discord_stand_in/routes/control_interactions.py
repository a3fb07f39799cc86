"""The control API for interactions: user actions, their outcomes and their timelines."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ControlError
from discord_stand_in.interactions.actions import UserAction
from discord_stand_in.interactions.builder import build_interaction
from discord_stand_in.interactions.delivery import failure_notice
from discord_stand_in.json_types import Json, StrictModel
from discord_stand_in.request_body import read_bytes
from discord_stand_in.routes.dependencies import BackendDep, DeliveryDep, control_body
from discord_stand_in.state.attachments import Attachment
from discord_stand_in.state.interactions import Interaction

router = APIRouter(prefix="/control", tags=["control"])


class TimelineEntry(StrictModel):
    """An event of an interaction that another part of the rig reports."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    at: datetime | None = Field(default=None, description="ISO 8601 or Unix seconds; else now.")
    detail: dict[str, Any] | None = None


def _interaction(backend: BackendDep, interaction_id: str) -> Interaction:
    """The interaction of a path, or 404."""
    interaction = backend.interactions.find(interaction_id)
    if interaction is None:
        raise ControlError(f"There is no interaction {interaction_id}.", 404)
    return interaction


InteractionDep = Annotated[Interaction, Depends(_interaction)]


def _with_message(backend: Backend, interaction: Interaction) -> Json:
    """An interaction with its original response in every version."""
    message = backend.messages.find(interaction.message_id)
    if message is None:
        return backend.interaction_json(interaction) | {"message": None, "history": []}
    shown = None if message.deleted else backend.messages.control_json(message)
    return backend.interaction_json(interaction) | {"message": shown, "history": message.history}


@router.post("/interactions")
async def send(request: Request, backend: BackendDep, delivery: DeliveryDep) -> JSONResponse:
    """Perform a user action and wait for the application's response, at most 3 s."""
    action = await control_body(request, backend, UserAction)
    interaction = build_interaction(backend, action)
    await delivery.deliver(interaction)
    return JSONResponse(interaction.result_json() | {"notice": failure_notice(interaction)})


@router.post("/attachments")
async def upload(request: Request, backend: BackendDep, filename: str) -> JSONResponse:
    """Keep the raw body as a file that an attachment option can name by its id.

    Without a Content-Type the attachment has none either, as of a name that Discord does not know.
    """
    data = await read_bytes(request, backend.limits.attachment_bytes)
    attachment = Attachment.of_file(
        data,
        id=backend.snowflakes.next(),
        channel_id=backend.directory.default_channel.id,
        filename=filename,
        content_type=request.headers.get("content-type"),
        ephemeral=True,
    )
    backend.attachments.add_upload(attachment, data)
    return JSONResponse(backend.attachments.as_json(attachment), 201)


@router.get("/interactions")
async def list_interactions(backend: BackendDep, limit: int = 100) -> JSONResponse:
    """The newest interactions, newest first, without their messages."""
    newest = backend.interactions.all()[::-1][: max(0, limit)]
    return JSONResponse([backend.interaction_json(interaction) for interaction in newest])


@router.get("/interactions/{interaction_id}")
async def get_interaction(backend: BackendDep, interaction: InteractionDep) -> JSONResponse:
    """An interaction with every version of its original response."""
    return JSONResponse(_with_message(backend, interaction))


@router.post("/interactions/{interaction_id}/redeliver")
async def redeliver(delivery: DeliveryDep, interaction: InteractionDep) -> JSONResponse:
    """Send the very same signed request once more."""
    return JSONResponse(await delivery.redeliver(interaction))


@router.post("/interactions/{interaction_id}/expire")
async def expire(backend: BackendDep, interaction: InteractionDep) -> JSONResponse:
    """End the 15 minutes of an interaction's token now."""
    interaction.expires_at = backend.clock.now()
    backend.add_timeline_event(interaction, "token_expired")
    return JSONResponse(_with_message(backend, interaction))


@router.post("/timeline/{interaction_id}")
async def add_to_timeline(
    request: Request, backend: BackendDep, interaction_id: str
) -> JSONResponse:
    """Put an event of another part of the rig on an interaction's timeline."""
    entry = await control_body(request, backend, TimelineEntry)
    interaction = _interaction(backend, interaction_id)
    at = None
    if entry.at is not None:
        at = (entry.at if entry.at.tzinfo else entry.at.replace(tzinfo=UTC)).timestamp()
    backend.add_timeline_event(interaction, entry.name, entry.detail, at)
    return JSONResponse(backend.interaction_json(interaction))
