"""Reactions to messages.

Contract: https://docs.discord.com/developers/resources/message#create-reaction
"""

import unicodedata
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.errors import TOO_MANY_REACTIONS, UNKNOWN_EMOJI, DiscordError
from discord_stand_in.json_types import Json
from discord_stand_in.routes.channels import MessageDep
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep, path_id
from discord_stand_in.state.messages import Message, emoji_json
from discord_stand_in.validation.fields import Field, integer, model, snowflake

router = APIRouter(prefix=API, tags=["reactions"], dependencies=BOT_ONLY)

_REACTIONS = "/channels/{channel_id}/messages/{message_id}/reactions"
_EMOJI = _REACTIONS + "/{emoji}"
_MAX_REACTIONS = 20
"""Different emojis of a message."""
_PAGE = model(
    {"limit": Field(integer(1, 100)), "after": Field(snowflake), "type": Field(integer())}
)


def _emoji(emoji: str) -> str:
    """The emoji of a path; UNKNOWN_EMOJI (10014) for text or a guild's own, of which it has none.

    Emojis are symbols, alone or with modifiers; a keycap is a digit with a mark.
    """
    categories = {unicodedata.category(character) for character in emoji}
    if not categories & {"So", "Sk", "Me"} or len(emoji) > 16:
        raise DiscordError(UNKNOWN_EMOJI)
    return emoji


EmojiDep = Annotated[str, Depends(_emoji)]


@router.put(_EMOJI + "/@me", status_code=204)
async def add_reaction(backend: BackendDep, message: MessageDep, emoji: EmojiDep) -> Response:
    """React to a message as the bot."""
    users = message.reactions.get(emoji, [])
    if emoji not in message.reactions and len(message.reactions) >= _MAX_REACTIONS:
        raise DiscordError(TOO_MANY_REACTIONS)
    if backend.application.id not in users:
        message.reactions[emoji] = [*users, backend.application.id]
        extra = {"message_author_id": message.author["id"], "burst": False, "type": 0}
        content = {"user_id": backend.application.id, "emoji": emoji_json(emoji), **extra}
        _dispatch(backend, "ADD", message, content)
    return Response(status_code=204)


@router.delete(_EMOJI + "/@me", status_code=204)
async def remove_own_reaction(
    backend: BackendDep, message: MessageDep, emoji: EmojiDep
) -> Response:
    """Take back a reaction of the bot."""
    _remove(backend, message, emoji, backend.application.id)
    return Response(status_code=204)


@router.delete(_EMOJI + "/{user_id}", status_code=204)
async def remove_reaction(
    backend: BackendDep, message: MessageDep, emoji: EmojiDep, user_id: str
) -> Response:
    """Take away a reaction of a user."""
    _remove(backend, message, emoji, path_id("user_id", user_id))
    return Response(status_code=204)


@router.get(_EMOJI)
async def list_reactions(
    request: Request, backend: BackendDep, message: MessageDep, emoji: EmojiDep
) -> JSONResponse:
    """The users who reacted with an emoji."""
    page = _PAGE(dict(request.query_params))
    after = int(page.get("after", 0))
    ids = [one for one in sorted(message.reactions.get(emoji, []), key=int) if int(one) > after]
    bot, users = backend.bot_user(), backend.directory.users
    shown = [bot if one == bot["id"] else users[one].as_json() for one in ids]
    return JSONResponse(shown[: page.get("limit", 25)])


@router.delete(_EMOJI, status_code=204)
async def remove_emoji(backend: BackendDep, message: MessageDep, emoji: EmojiDep) -> Response:
    """Take away every reaction with an emoji."""
    if message.reactions.pop(emoji, None):
        _dispatch(backend, "REMOVE_EMOJI", message, {"emoji": emoji_json(emoji)})
    return Response(status_code=204)


@router.delete(_REACTIONS, status_code=204)
async def remove_all_reactions(backend: BackendDep, message: MessageDep) -> Response:
    """Take away every reaction."""
    message.reactions.clear()
    _dispatch(backend, "REMOVE_ALL", message, {})
    return Response(status_code=204)


def _remove(backend: Backend, message: Message, emoji: str, user_id: str) -> None:
    users = message.reactions.get(emoji, [])
    if user_id not in users:
        raise DiscordError(UNKNOWN_EMOJI)
    users.remove(user_id)
    if not users:
        del message.reactions[emoji]
    content = {"user_id": user_id, "emoji": emoji_json(emoji), "burst": False, "type": 0}
    _dispatch(backend, "REMOVE", message, content)


def _dispatch(backend: Backend, change: str, message: Message, content: Json) -> None:
    ids = {"channel_id": message.channel_id, "message_id": message.id}
    guild_id = backend.directory.channel(message.channel_id).guild_id
    backend.dispatch(f"MESSAGE_REACTION_{change}", content | ids, guild_id)
