"""Builds interactions from user actions.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ControlError
from discord_stand_in.interactions.actions import UserAction
from discord_stand_in.interactions.command_data import command_data
from discord_stand_in.interactions.component_data import component_data, modal_data
from discord_stand_in.interactions.payloads import Actor, base_payload, merge
from discord_stand_in.json_types import Json
from discord_stand_in.snowflakes import created_at
from discord_stand_in.state.channels import Channel, ChannelType
from discord_stand_in.state.interactions import Interaction, InteractionType
from discord_stand_in.state.messages import Message


def build_interaction(backend: Backend, action: UserAction) -> Interaction:
    """Build and store an interaction; it is not delivered yet.

    Raises:
        ControlError: the action is ambiguous, or names something that does not exist.
    """
    if [action.command, action.message_id, action.modal].count(None) != 2:
        raise ControlError("Give one of `command`, `message_id` and `modal`.")
    actor = _actor(backend, action)
    interaction_type, data, source = _type_and_data(backend, action, actor)
    interaction_id = backend.snowflakes.next(action.age_seconds)
    payload = base_payload(backend, actor, interaction_type, interaction_id) | {"data": data}
    if source is not None:
        payload["message"] = backend.messages.as_json(source)
        backend.messages.use(source)
    created = created_at(interaction_id)
    interaction = Interaction(
        id=interaction_id,
        token=payload["token"],
        type=interaction_type,
        payload=payload,
        sent_payload=merge(payload, action.raw),
        user_id=actor.user.id,
        channel_id=actor.channel.id,
        guild_id=actor.channel.guild_id,
        created_at=created,
        expires_at=created + backend.limits.token_seconds,
        source_message_id=None if source is None else source.id,
    )
    backend.interactions.add(interaction)
    return interaction


def _type_and_data(
    backend: Backend, action: UserAction, actor: Actor
) -> tuple[InteractionType, Json, Message | None]:
    """The interaction's type, its `data`, and the message that it was started from."""
    if action.command is not None:
        is_command = action.focused is None
        interaction_type = InteractionType.COMMAND if is_command else InteractionType.AUTOCOMPLETE
        return interaction_type, command_data(backend, action, action.command, actor), None
    if action.modal is not None:
        return InteractionType.MODAL, *modal_data(backend, action, action.modal, actor)
    return InteractionType.COMPONENT, *component_data(backend, action, actor)


def _actor(backend: Backend, action: UserAction) -> Actor:
    """The user who acts, by default the first, and where.

    By default that is the channel of the message or modal that is acted on, else the first.
    """
    directory = backend.directory
    user = directory.user_or_new(action.user_id or directory.default_user.id)
    if action.is_in_dm:
        channel = directory.dm_channel(user.id)
    else:
        opener = backend.interactions.find(action.modal or "")
        source = backend.messages.find(action.message_id) or opener
        default_id = source.channel_id if source else directory.default_channel.id
        channel_id = action.channel_id or default_id
        if channel_id not in directory.channels:
            raise ControlError(f"There is no channel {channel_id}.", 404)
        channel = directory.channels[channel_id]
    if action.guild_id is not None and action.guild_id != channel.guild_id:
        raise ControlError(f"Channel {channel.id} is not in guild {action.guild_id}.")
    if not channel.has_messages:
        raise ControlError(f"Nobody can act in channel {channel.id}: it is of type {channel.type}.")
    owners = _owners(backend, action, channel, user.id)
    return Actor(user, channel, action.locale or user.locale, owners)


def _owners(backend: Backend, action: UserAction, channel: Channel, user_id: str) -> Json:
    """Who installed the application: of a message with components, those of its interaction."""
    source = backend.messages.find(action.message_id)
    if source and source.interaction_metadata:
        owners: Json = source.interaction_metadata["authorizing_integration_owners"]
        return owners
    by_user = {"1": user_id}
    if channel.type == ChannelType.GROUP_DM:
        return by_user
    by_guild = {"0": channel.guild_id or "0"}
    return {"guild": by_guild, "user": by_user, "both": by_guild | by_user}[action.installed_by]
