"""The control API for the guild: channels of every type, group DMs and roles come and go."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body
from discord_stand_in.state.channels import PARENTS, Channel, ChannelType
from discord_stand_in.state.directory import MEMBER_PERMISSIONS, role_json

router = APIRouter(prefix="/control", tags=["control"])


class NewChannel(StrictModel):
    """A channel, a category, a forum, a thread or post, or a group DM."""

    type: ChannelType
    name: str = Field(min_length=1, max_length=100)
    parent_id: str | None = Field(default=None, description="A category, or a thread's channel.")
    topic: str | None = None
    nsfw: bool = False
    recipient_ids: list[str] = Field(default_factory=list, description="Of a group DM.")


class NewRole(StrictModel):
    """A role, with the permissions of every member, and the users who have it."""

    name: str = Field(min_length=1, max_length=100)
    user_ids: list[str] = Field(default_factory=list)


@router.post("/channels")
async def create_channel(request: Request, backend: BackendDep) -> JSONResponse:
    """Create a channel; a thread belongs to the default user."""
    new = await control_body(request, backend, NewChannel)
    if new.type == ChannelType.DM:
        raise ControlError("A DM with the application is opened by an action with guild_id null.")
    if (new.type == ChannelType.GROUP_DM) != bool(new.recipient_ids):
        raise ControlError("recipient_ids: a group DM has them, and no other channel.")
    directory = backend.directory
    channel = Channel(
        id=backend.snowflakes.next(),
        type=new.type,
        name=new.name,
        topic=new.topic,
        nsfw=new.nsfw,
        guild_id=None if new.recipient_ids else directory.guild.id,
        parent_id=new.parent_id,
        position=len(directory.channels),
        owner_id=directory.default_user.id if new.type in PARENTS else None,
        recipient_ids=tuple(new.recipient_ids),
    )
    directory.add_channel(channel)
    backend.publish_directory()
    kind = "THREAD" if channel.is_thread else "CHANNEL"
    if channel.guild_id is not None:
        created = backend.channel_json(channel)
        extra = {"newly_created": True} if channel.is_thread else {}
        backend.dispatch(f"{kind}_CREATE", created | extra, channel.guild_id)
    return JSONResponse(backend.channel_json(channel), 201)


@router.delete("/channels/{channel_id}", status_code=204)
async def delete_channel(backend: BackendDep, channel_id: str) -> Response:
    """Delete a channel with its threads; the default channel stays."""
    if channel_id not in backend.directory.channels:
        raise ControlError(f"There is no channel {channel_id}.", 404)
    if channel_id == backend.directory.default_channel.id:
        raise ControlError("The default channel stays.", 409)
    channel = backend.directory.channels[channel_id]
    deleted = backend.channel_json(channel)
    backend.directory.delete_channel(channel_id)
    backend.publish_directory()
    if channel.is_thread:
        deleted = {name: deleted[name] for name in ("id", "guild_id", "parent_id", "type")}
    if channel.guild_id is not None:
        kind = "THREAD" if channel.is_thread else "CHANNEL"
        backend.dispatch(f"{kind}_DELETE", deleted, channel.guild_id)
    return Response(status_code=204)


@router.post("/roles")
async def create_role(request: Request, backend: BackendDep) -> JSONResponse:
    """Create a role and give it to users."""
    new = await control_body(request, backend, NewRole)
    directory = backend.directory
    role = role_json(
        {
            "id": backend.snowflakes.next(),
            "name": new.name,
            "color": 0,
            "position": len(directory.guild.roles),
            "permissions": MEMBER_PERMISSIONS,
            "mentionable": True,
        }
    )
    directory.set_roles((*directory.guild.roles, role))
    for user_id in new.user_ids:
        directory.give_role(user_id, role["id"])
    backend.publish_directory()
    backend.dispatch("GUILD_ROLE_CREATE", {"role": role}, directory.guild.id)
    return JSONResponse(role, 201)


@router.delete("/roles/{role_id}", status_code=204)
async def delete_role(backend: BackendDep, role_id: str) -> Response:
    """Delete a role, which its members lose; @everyone stays."""
    directory = backend.directory
    kept = tuple(role for role in directory.guild.roles if role["id"] != role_id)
    if len(kept) == len(directory.guild.roles):
        raise ControlError(f"There is no role {role_id}.", 404)
    if role_id == directory.guild.id:
        raise ControlError("@everyone stays.", 409)
    directory.set_roles(kept)
    backend.publish_directory()
    backend.dispatch("GUILD_ROLE_DELETE", {"role_id": role_id}, directory.guild.id)
    return Response(status_code=204)
