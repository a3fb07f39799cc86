"""The library `discord-interactions` accepts the stand-in's signatures and refuses its probes."""

from typing import Any

from discord_interactions import InteractionResponseFlags, InteractionResponseType, InteractionType


def test_verify_key_accepts_every_delivery(discord_server: Any) -> None:
    assert discord_server.interact()
    payload = discord_server.endpoint.payloads[-1]
    assert payload["type"] == InteractionType.APPLICATION_COMMAND


def test_verify_key_refuses_every_probe(discord_server: Any) -> None:
    for _ in range(5):
        probe = discord_server.http.post("/control/probes").json()
        assert (probe["outcome"], probe["status"]) == ("refused", 401)


def test_the_librarys_response_types_are_accepted(discord_server: Any) -> None:
    discord_server.endpoint.reply = {
        "type": InteractionResponseType.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE,
        "data": {"flags": InteractionResponseFlags.EPHEMERAL},
    }
    sent = discord_server.http.post("/control/interactions", json={"command": "imagine"}).json()
    assert sent["outcome"] == "deferred"
