"""Answering an interaction by URL.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#create-interaction-response
"""

from fastapi import APIRouter, Request, Response

from emulation.discord.backend import StandIn
from emulation.discord.errors import ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION, DiscordError
from emulation.discord.interactions.responses import apply_answer
from emulation.discord.json_types import Json
from emulation.discord.routes.dependencies import (
    API,
    StandInDep,
    answer,
    body_of,
    path_id,
    query_flag,
)
from emulation.discord.state.interactions import Answer, Interaction
from emulation.discord.state.messages import EPHEMERAL, LOADING

router = APIRouter(prefix=API, tags=["interactions"])


@router.post("/interactions/{interaction_id}/{token}/callback")
async def callback(
    request: Request, standin: StandInDep, interaction_id: str, token: str
) -> Response:
    """Take an answer: 204, or what it made if `with_response` is set."""
    interaction = standin.interactions.find(path_id("interaction_id", interaction_id))
    if interaction is None or interaction.token != token:
        raise DiscordError(UNKNOWN_INTERACTION)
    if interaction.acknowledged:
        raise DiscordError(ALREADY_ACKNOWLEDGED)
    if interaction.is_settled or standin.interactions.has_expired(interaction):
        raise DiscordError(UNKNOWN_INTERACTION)
    wanted = query_flag(request, "with_response", False)
    body = await body_of(request, standin, multipart=True)
    apply_answer(standin, interaction, body.payload, body.files)
    if not wanted:
        return Response(status_code=204)
    return answer(_callback_response(standin, interaction))


def _callback_response(standin: StandIn, interaction: Interaction) -> Json:
    """The interaction callback response object."""
    kind = interaction.response_type
    about: Json = {"id": interaction.id, "type": int(interaction.kind)}
    message = standin.messages.find(interaction.message_id)
    made = kind in (Answer.MESSAGE, Answer.DEFERRED_MESSAGE, Answer.UPDATE)
    if message is None or not made:
        return {"interaction": about, "resource": {"type": kind}}
    about |= {
        "response_message_id": message.id,
        "response_message_loading": bool(message.flags & LOADING),
        "response_message_ephemeral": bool(message.flags & EPHEMERAL),
    }
    resource = {"type": kind, "message": standin.messages.as_json(message)}
    return {"interaction": about, "resource": resource}
