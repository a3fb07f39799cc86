"""The control API: what a person does in Discord's client, and what only a stand-in can tell."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from emulation.discord.asked import Asked
from emulation.discord.backend import StandIn
from emulation.discord.endpoint import endpoint_json
from emulation.discord.errors import ControlError
from emulation.discord.interactions.builder import make
from emulation.discord.interactions.delivery import notice
from emulation.discord.interactions.responses import interaction_json, summary_json
from emulation.discord.json_types import Json
from emulation.discord.routes.dependencies import (
    CourierDep,
    StandInDep,
    answer,
    control_body,
)
from emulation.discord.state.interactions import Interaction

router = APIRouter(prefix="/control", tags=["control"])


def known(standin: StandIn, interaction_id: str) -> Interaction:
    """An interaction, or 404."""
    interaction = standin.interactions.find(interaction_id)
    if interaction is None:
        raise ControlError(f"There is no interaction {interaction_id}.", 404)
    return interaction


def _result(interaction: Interaction) -> Json:
    """How a delivery went."""
    return {
        "interaction_id": interaction.id,
        "message_id": interaction.message_id,
        "outcome": interaction.outcome,
        "status": interaction.status,
        "error": interaction.error,
        "error_body": interaction.error_body,
        "notice": notice(interaction),
        "response_type": interaction.response_type,
        "response": interaction.response,
    }


@router.post("/interactions")
async def send(request: Request, standin: StandInDep, courier: CourierDep) -> JSONResponse:
    """Do what a user does and wait for the application's answer, at most 3 s."""
    asked = await control_body(request, standin, Asked)
    interaction = make(standin, asked)
    await courier.deliver(interaction)
    return answer(_result(interaction))


@router.get("/interactions")
async def list_interactions(standin: StandInDep, limit: int = 100) -> JSONResponse:
    """The newest interactions, newest first, without their messages."""
    newest = standin.interactions.all()[::-1][: max(0, limit)]
    return answer([summary_json(standin, one) for one in newest])


@router.get("/interactions/{interaction_id}")
async def get_interaction(standin: StandInDep, interaction_id: str) -> JSONResponse:
    """What is known of an interaction, with every version of its message."""
    return answer(interaction_json(standin, known(standin, interaction_id)))


@router.post("/interactions/{interaction_id}/redeliver")
async def redeliver(standin: StandInDep, courier: CourierDep, interaction_id: str) -> JSONResponse:
    """Send the very same signed request once more."""
    return answer(await courier.redeliver(known(standin, interaction_id)))


@router.post("/interactions/{interaction_id}/expire")
async def expire(standin: StandInDep, interaction_id: str) -> JSONResponse:
    """End the 15 minutes of an interaction's token now."""
    interaction = known(standin, interaction_id)
    interaction.expires_at = standin.clock.now()
    standin.note(interaction, "token_expired")
    return answer(interaction_json(standin, interaction))


@router.post("/reset")
async def reset(standin: StandInDep, courier: CourierDep) -> JSONResponse:
    """Forget messages, interactions, commands, files, chaos and counts; the endpoint stays."""
    standin.reset()
    courier.clear()
    return answer({"endpoint": endpoint_json(standin)})
