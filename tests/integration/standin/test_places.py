"""Threads, forums, categories, group DMs and servers without the bot, as Discord documents them."""

from dataclasses import replace
from typing import Any

import pytest

from tests.standin_in_process import ADA, AFTER_DARK, BORIS, GUILD, PICTURES, StandIn, message

pytestmark = pytest.mark.anyio

TEXT, GROUP_DM, CATEGORY, PUBLIC_THREAD, FORUM = 0, 3, 4, 11, 15
_PARTIAL = {
    "id", "name", "type", "permissions", "last_message_id", "nsfw", "parent_id", "guild_id",
    "flags", "rate_limit_per_user", "topic", "position",
}  # fmt: skip
"""https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure"""


async def new_channel(standin: StandIn, **fields: Any) -> str:
    """Create a channel; its id."""
    made = await standin.http.post("/control/channels", json={"name": "new"} | fields)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def channel_of_interaction(standin: StandIn, channel_id: str) -> dict[str, Any]:
    """The channel as an interaction in it holds it."""
    await standin.send(command="imagine", channel_id=channel_id)
    channel: dict[str, Any] = standin.application.payloads[-1]["channel"]
    return channel


async def test_a_channel_names_its_category(standin: StandIn) -> None:
    category = await new_channel(standin, type=CATEGORY)
    text = await new_channel(standin, type=TEXT, parent_id=category, nsfw=True)
    channel = await channel_of_interaction(standin, text)
    assert channel.keys() == _PARTIAL
    assert (channel["parent_id"], channel["nsfw"]) == (category, True)


async def test_a_thread_names_its_channel_and_not_whether_that_is_age_restricted(
    standin: StandIn,
) -> None:
    """https://docs.discord.com/developers/topics/threads#age-restricted-threads"""
    thread = await new_channel(standin, type=PUBLIC_THREAD, parent_id=AFTER_DARK)
    channel = await channel_of_interaction(standin, thread)
    assert channel.keys() == _PARTIAL - {"nsfw", "topic", "position"} | {"thread_metadata"}
    assert channel["parent_id"] == AFTER_DARK
    assert channel["thread_metadata"]["archived"] is False


async def test_nobody_acts_in_a_forum_but_in_its_posts(standin: StandIn) -> None:
    forum = await new_channel(standin, type=FORUM)
    post = await new_channel(standin, type=PUBLIC_THREAD, parent_id=forum)
    assert (await channel_of_interaction(standin, post))["parent_id"] == forum
    body = {"command": "imagine", "channel_id": forum}
    refused = await standin.http.post("/control/interactions", json=body)
    assert refused.status_code == 400


async def test_a_resolved_channel_says_what_the_bot_may_do_there(standin: StandIn) -> None:
    forum = await new_channel(standin, type=FORUM, nsfw=True)
    option = {"type": 7, "name": "channel", "description": "d"}
    command = {"name": "settings", "description": "d", "options": [option]}
    await standin.bot.put(standin.commands, json=[command])
    await standin.send(command="settings", options={"channel": forum})
    [resolved] = standin.application.payloads[-1]["data"]["resolved"]["channels"].values()
    assert resolved.keys() == _PARTIAL | {"app_permissions"}
    assert resolved["nsfw"] is True


async def test_a_resolved_member_lacks_what_discord_leaves_out(standin: StandIn) -> None:
    await standin.send(command="Ask", command_type=2, target_id=BORIS)
    [member] = standin.application.payloads[-1]["data"]["resolved"]["members"].values()
    assert not {"user", "deaf", "mute"} & member.keys()
    assert member["permissions"]


async def test_a_group_dm_is_a_private_channel_of_a_user_who_installed_the_bot(
    standin: StandIn,
) -> None:
    group = await new_channel(standin, type=GROUP_DM, recipient_ids=[ADA, BORIS])
    await standin.send(command="imagine", channel_id=group, user_id=BORIS)
    [payload] = standin.application.payloads
    assert payload["context"] == 2
    assert payload["authorizing_integration_owners"] == {"1": BORIS}
    assert payload["app_permissions"] == str(1 << 15 | 1 << 14 | 1 << 17)
    assert payload["channel"]["type"] == GROUP_DM
    assert not {"member", "guild_id", "guild", "guild_locale"} & payload.keys()


async def test_in_a_dm_with_the_bot_it_may_use_emojis_of_elsewhere(standin: StandIn) -> None:
    await standin.send(command="imagine", guild_id=None)
    assert standin.application.payloads[0]["app_permissions"] == "442368"


async def test_a_guild_without_the_bot_names_the_user_who_brought_it(standin: StandIn) -> None:
    await standin.send(command="imagine", installed_by="user", user_id=BORIS)
    await standin.send(command="imagine", installed_by="both", user_id=BORIS)
    owners = [one["authorizing_integration_owners"] for one in standin.application.payloads]
    assert owners == [{"1": BORIS}, {"0": GUILD, "1": BORIS}]
    assert {one["guild_id"] for one in standin.application.payloads} == {GUILD}


async def test_a_click_names_who_brought_the_bot_and_not_who_clicks(standin: StandIn) -> None:
    button = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
    rows = [{"type": 1, "components": [button]}]
    standin.application.reply = lambda _payload: message(components=rows)
    sent = await standin.send(command="imagine", installed_by="user", user_id=BORIS)
    standin.application.reply = lambda _payload: {"type": 6}
    await standin.send(message_id=sent["message_id"], custom_id="again", user_id=ADA)
    click = standin.application.payloads[-1]
    assert click["member"]["user"]["id"] == ADA
    assert click["authorizing_integration_owners"] == {"1": BORIS}


async def test_a_guest_that_may_not_speak_answers_its_user_alone(standin: StandIn) -> None:
    """https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags"""
    users = standin.backend.directory.users
    without = int(users[BORIS].permissions) & ~(1 << 50)
    users[BORIS] = replace(users[BORIS], permissions=str(without))
    for installed_by, reader in (("user", BORIS), ("both", None)):
        sent = await standin.send(command="imagine", installed_by=installed_by, user_id=BORIS)
        shown = (await standin.http.get(f"/control/messages/{sent['message_id']}")).json()
        assert shown["ephemeral_for"] == reader


async def test_channels_and_roles_go_and_members_lose_the_role(standin: StandIn) -> None:
    made = await standin.http.post("/control/roles", json={"name": "Guest", "user_ids": [BORIS]})
    role = made.json()["id"]
    assert role in standin.backend.directory.user(BORIS).roles
    thread = await new_channel(standin, type=PUBLIC_THREAD, parent_id=AFTER_DARK)
    for path in (f"roles/{role}", f"channels/{AFTER_DARK}"):
        assert (await standin.http.delete(f"/control/{path}")).status_code == 204
        assert (await standin.http.delete(f"/control/{path}")).status_code == 404
    assert role not in standin.backend.directory.user(BORIS).roles
    assert thread not in standin.backend.directory.channels
    events = [event.name for event in standin.backend.events.latest]
    assert events.count("directory") == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"type": PUBLIC_THREAD},
        {"type": PUBLIC_THREAD, "parent_id": "5"},
        {"type": TEXT, "parent_id": PICTURES},
        {"type": 1},
        {"type": GROUP_DM},
        {"type": TEXT, "recipient_ids": [ADA]},
    ],
)
async def test_a_channel_that_can_not_be_is_refused(
    standin: StandIn, fields: dict[str, Any]
) -> None:
    made = await standin.http.post("/control/channels", json={"name": "new"} | fields)
    assert made.status_code == 400


@pytest.mark.parametrize("path", [f"channels/{PICTURES}", f"roles/{GUILD}"])
async def test_the_default_channel_and_the_role_of_everybody_stay(
    standin: StandIn, path: str
) -> None:
    assert (await standin.http.delete(f"/control/{path}")).status_code == 409


async def test_an_upload_without_a_type_is_an_attachment_without_one(standin: StandIn) -> None:
    made = await standin.http.post("/control/attachments?filename=cat", content=b"x")
    assert "content_type" not in made.json()
