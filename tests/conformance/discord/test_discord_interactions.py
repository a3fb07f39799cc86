"""The library `discord-interactions` takes what the stand-in signs, and only that."""

from typing import Any

from discord_interactions import InteractionResponseFlags, InteractionResponseType, InteractionType


def test_its_verification_accepts_every_delivery(discord_server: Any) -> None:
    assert discord_server.interact()
    payload = discord_server.endpoint.payloads[-1]
    assert payload["type"] == InteractionType.APPLICATION_COMMAND


def test_its_verification_refuses_every_probe(discord_server: Any) -> None:
    for _ in range(5):
        probe = discord_server.http.post("/control/probes").json()
        assert (probe["outcome"], probe["status"]) == ("refused", 401)


def test_its_response_types_are_understood(discord_server: Any) -> None:
    discord_server.endpoint.reply = {
        "type": InteractionResponseType.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE,
        "data": {"flags": InteractionResponseFlags.EPHEMERAL},
    }
    sent = discord_server.http.post("/control/interactions", json={"command": "imagine"}).json()
    assert sent["outcome"] == "deferred"
