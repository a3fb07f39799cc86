"""The responses to an interaction: messages, updates, choices, and modals.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping, Sequence
from typing import Any

from discord_diffusion.discord.layout import Component, Components, edit_data, message_data

EPHEMERAL = 1 << 6
"""https://docs.discord.com/developers/resources/message#message-object-message-flags"""
CHOICES = 25
"""Most choices that Discord shows for an option."""
CHOICE_LENGTH = 100


def pong() -> dict[str, Any]:
    """Type 1: the answer to a PING."""
    return {"type": 1}


def message(components: Components) -> dict[str, Any]:
    """Type 4: a message that everybody in the channel sees. It mentions nobody."""
    return {"type": 4, "data": message_data(components)}


def ephemeral(components: Components) -> dict[str, Any]:
    """Type 4: a message that only the user of the interaction sees."""
    response = message(components)
    response["data"]["flags"] |= EPHEMERAL
    return response


def update(components: Components) -> dict[str, Any]:
    """Type 7: replaces what the component's message shows, and removes its files."""
    return {"type": 7, "data": edit_data(components) | {"attachments": []}}


def choices(found: Mapping[str, str]) -> dict[str, Any]:
    """Type 8: the choices of an autocomplete, from shown text to value, up to Discord's limit."""
    listed = [
        {"name": name[:CHOICE_LENGTH], "value": value}
        for name, value in found.items()
        if name and len(value) <= CHOICE_LENGTH
    ]
    return {"type": 8, "data": {"choices": listed[:CHOICES]}}


def modal(custom_id: str, title: str, labels: Sequence[Component]) -> dict[str, Any]:
    """Type 9: a form of one to five labels or texts."""
    return {"type": 9, "data": {"custom_id": custom_id, "title": title, "components": labels}}
