"""The control API for interactions of another Discord, which the operations page shows."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.errors import ControlError
from discord_stand_in.interactions.responses import finish
from discord_stand_in.json_types import StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body
from discord_stand_in.state.interactions import Interaction, InteractionType, Outcome

router = APIRouter(prefix="/control/observed", tags=["control"])

_NO_TOKEN = "observed-"  # noqa: S105 - opens nothing
"""What the tokens of observed interactions begin with."""


class ObservedInteraction(StrictModel):
    """An interaction, without its token: nobody here may answer it."""

    id: str = Field(pattern=r"^\d{1,20}$")
    type: InteractionType
    user_id: str
    channel_id: str
    guild_id: str | None = None
    data: dict[str, Any] | None = None


class ObservedOutcome(StrictModel):
    """What became of it."""

    outcome: Literal[Outcome.ANSWERED, Outcome.ERROR]
    error: str | None = None


@router.post("")
async def observe(request: Request, backend: BackendDep) -> JSONResponse:
    """Show an interaction on the operations page from now on; nothing is delivered."""
    seen = await control_body(request, backend, ObservedInteraction)
    known = backend.interactions.find(seen.id)
    if known is not None:
        known.deliveries += 1
        return JSONResponse(backend.interaction_json(known))
    # Its id has the time of the other Discord's clock.
    now = backend.clock.now()
    payload = {"data": seen.data}
    interaction = Interaction(
        id=seen.id,
        token=f"{_NO_TOKEN}{seen.id}",
        type=seen.type,
        payload=payload,
        sent_payload=payload,
        user_id=seen.user_id,
        channel_id=seen.channel_id,
        guild_id=seen.guild_id,
        created_at=now,
        expires_at=now + backend.limits.token_seconds,
        deliveries=1,
    )
    backend.interactions.add(interaction)
    backend.add_timeline_event(interaction, "received", {"by": "gateway"})
    backend.publish_interaction(interaction)
    return JSONResponse(backend.interaction_json(interaction), 201)


@router.post("/{interaction_id}/outcome")
async def conclude(request: Request, backend: BackendDep, interaction_id: str) -> JSONResponse:
    """Say whether Discord has an answer to it; an interaction of the stand-in's own knows."""
    observed = await control_body(request, backend, ObservedOutcome)
    interaction = backend.interactions.find(interaction_id)
    if interaction is None:
        raise ControlError(f"There is no interaction {interaction_id}.", 404)
    if interaction.token.startswith(_NO_TOKEN):
        finish(backend, interaction, observed.outcome, error=observed.error)
    return JSONResponse(backend.interaction_json(interaction))
