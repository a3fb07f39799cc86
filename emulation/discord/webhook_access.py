"""Whose webhook a path names: a channel's, or the one that an interaction is for 15 minutes.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from dataclasses import dataclass

from emulation.discord.backend import StandIn
from emulation.discord.errors import (
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    DiscordError,
)
from emulation.discord.state.directory import Webhook
from emulation.discord.state.interactions import Interaction
from emulation.discord.state.messages import Message

ORIGINAL = "@original"


@dataclass(frozen=True)
class InteractionHook:
    """An interaction's token, good for its messages."""

    interaction: Interaction


@dataclass(frozen=True)
class ChannelHook:
    """A webhook that was made in a channel."""

    webhook: Webhook


Hook = InteractionHook | ChannelHook


def resolve(standin: StandIn, webhook_id: str, token: str) -> Hook:
    """The webhook of an id and a token.

    Raises UNKNOWN_WEBHOOK (10015) for an id that is none, or before the interaction's answer has
    arrived, and INVALID_WEBHOOK_TOKEN (401, 50027) for a wrong or expired token.
    """
    webhook = standin.world.webhooks.get(webhook_id)
    if webhook is not None:
        if token != webhook.token:
            raise DiscordError(INVALID_WEBHOOK_TOKEN)
        return ChannelHook(webhook)
    if webhook_id != standin.application.id:
        raise DiscordError(UNKNOWN_WEBHOOK)
    interaction = standin.interactions.by_token(token)
    if interaction is None or standin.interactions.has_expired(interaction):
        raise DiscordError(INVALID_WEBHOOK_TOKEN)
    if not interaction.acknowledged or _is_too_early(standin, interaction):
        raise DiscordError(UNKNOWN_WEBHOOK)
    if not interaction.has_event("webhook"):
        standin.note(interaction, "webhook")
    return InteractionHook(interaction)


def _is_too_early(standin: StandIn, interaction: Interaction) -> bool:
    """Chaos: Discord's parts do not all know of the answer yet."""
    answered = next(e.at for e in interaction.events if e.name == interaction.outcome)
    fault = standin.chaos.peek("early_404")
    if fault is None or standin.clock.now() - answered > fault.seconds:
        return False
    return standin.chaos.roll("early_404") is not None


def message_of(standin: StandIn, hook: Hook, message_id: str) -> Message:
    """A message that the hook may see and change, or UNKNOWN_MESSAGE (10008)."""
    if isinstance(hook, ChannelHook):
        message = standin.messages.get(message_id)
        if message.webhook_id != hook.webhook.id:
            raise DiscordError(UNKNOWN_MESSAGE)
        return message
    interaction = hook.interaction
    if message_id == ORIGINAL:
        return standin.messages.get(interaction.message_id)
    message = standin.messages.get(message_id)
    if message.id != interaction.message_id and message.id not in interaction.message_ids:
        raise DiscordError(UNKNOWN_MESSAGE)
    return message
