"""The callback URL, by which an application responds to an interaction.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#create-interaction-response
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.errors import ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION, DiscordError
from discord_stand_in.interactions.responses import apply_response
from discord_stand_in.json_types import Json
from discord_stand_in.request_body import read_body
from discord_stand_in.routes.dependencies import BackendDep, path_id, query_boolean
from discord_stand_in.state.interactions import Interaction, ResponseType
from discord_stand_in.state.messages import EPHEMERAL, LOADING

router = APIRouter(prefix=API, tags=["interactions"])


@router.post("/interactions/{interaction_id}/{token}/callback")
async def create_interaction_response(
    request: Request, backend: BackendDep, interaction_id: str, token: str
) -> Response:
    """Accept a response: 204, or the message that it created if `with_response` is set."""
    interaction = backend.interactions.find(path_id("interaction_id", interaction_id))
    if interaction is None or interaction.token != token:
        raise DiscordError(UNKNOWN_INTERACTION)
    if interaction.acknowledged:
        raise DiscordError(ALREADY_ACKNOWLEDGED)
    if interaction.is_finished or backend.interactions.has_expired(interaction):
        raise DiscordError(UNKNOWN_INTERACTION)
    with_response = query_boolean(request, "with_response")
    body = await read_body(request, backend.limits.request_bytes, multipart=True)
    apply_response(backend, interaction, body.payload, body.files)
    if not with_response:
        return Response(status_code=204)
    return JSONResponse(_callback_response(backend, interaction))


def _callback_response(backend: Backend, interaction: Interaction) -> Json:
    """The interaction callback response object."""
    response_type = interaction.response_type
    summary: Json = {"id": interaction.id, "type": int(interaction.type)}
    message = backend.messages.find(interaction.message_id)
    message_types = (ResponseType.MESSAGE, ResponseType.DEFERRED_MESSAGE, ResponseType.UPDATE)
    if message is None or response_type not in message_types:
        return {"interaction": summary, "resource": {"type": response_type}}
    summary |= {
        "response_message_id": message.id,
        "response_message_loading": bool(message.flags & LOADING),
        "response_message_ephemeral": bool(message.flags & EPHEMERAL),
    }
    resource = {"type": response_type, "message": backend.messages.as_json(message)}
    return {"interaction": summary, "resource": resource}
