"""Where and to whom a guild's settings allow pictures, by what Discord says of channel and member.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from typing import Any

import pytest

from discord_diffusion.access.guild_channels import GuildChannel
from discord_diffusion.access.guild_settings import GuildSettings
from tests.unit.functions.conftest import Caller, imagine, new_id

GUILD = "2000"
CHANNEL = {"id": "3000", "type": 0, "parent_id": "3900"}
THREAD = {"id": "3500", "type": 11, "parent_id": "3000", "thread_metadata": {"archived": False}}
FORUM_POST = {"id": "3501", "type": 11, "parent_id": "3001", "thread_metadata": {"archived": False}}
VOICE_WITHOUT_CATEGORY = {"id": "3002", "type": 2, "parent_id": None}


def is_drawn(caller: Caller, settings: GuildSettings, **changes: Any) -> bool:
    """Whether `/imagine` becomes a job in a guild with these settings."""
    caller.guilds.by_guild[GUILD] = (settings, 1)
    payload = imagine(prompt="a star") | changes
    channel = changes.get("channel")
    if channel:
        payload["channel_id"] = channel["id"]
    caller.content(payload)
    return bool(caller.queue.jobs)


@pytest.mark.parametrize(
    ("allowed", "channel", "drawn"),
    [
        ("3000", CHANNEL, True),
        ("3000", THREAD, True),
        ("3001", FORUM_POST, True),
        ("3900", CHANNEL, True),
        ("3500", THREAD, True),
        ("3500", CHANNEL, False),
        ("3001", THREAD, False),
        ("3900", VOICE_WITHOUT_CATEGORY, False),
    ],
    ids=["itself", "its thread", "a forum's post", "a category's channel", "a thread alone",
         "the parent of a thread", "another forum", "no category"],
)  # fmt: skip
def test_a_channel_that_is_allowed_allows_what_is_in_it(
    caller: Caller, allowed: str, channel: dict[str, Any], drawn: bool
) -> None:
    assert is_drawn(caller, GuildSettings(channels=(allowed,)), channel=channel) is drawn


def test_a_payload_without_a_channel_id_names_the_channel_in_its_object(caller: Caller) -> None:
    settings = GuildSettings(channels=("3000",))
    assert is_drawn(caller, settings, channel=CHANNEL, channel_id=None)


def test_the_role_everyone_means_every_member(caller: Caller) -> None:
    """Its id is the guild's, and no member's list of roles contains it."""
    assert is_drawn(caller, GuildSettings(roles=(GUILD,)))


def test_a_member_without_roles_is_refused_where_a_role_is_named(caller: Caller) -> None:
    assert not is_drawn(caller, GuildSettings(roles=("7",)))


def test_a_channel_is_noted_for_its_threads_unless_the_answer_is_late(caller: Caller) -> None:
    payload = imagine(prompt="a star") | {"channel": CHANNEL | {"nsfw": True}}
    caller.clock.now += 2
    caller.content(payload)
    assert caller.guilds.notes == 0
    caller.clock.now -= 2
    caller.content(payload | {"id": new_id()})
    assert caller.guilds.notes == 1
    noted = caller.guilds.channels["3000"].channel
    assert noted == GuildChannel("3000", age_restricted=True, category_id="3900")
    caller.content(payload | {"id": new_id()})
    assert caller.guilds.notes == 1, "nothing new was said"


@pytest.mark.parametrize(
    "channel",
    [THREAD, {"id": "3000"}, {}, None, [], {"id": 5, "nsfw": True}, {"nsfw": True}],
)
def test_a_channel_that_does_not_describe_itself_is_not_noted(
    caller: Caller, channel: object
) -> None:
    caller.content(imagine(prompt="a star") | {"channel": channel})
    assert caller.guilds.notes == 0
    assert len(caller.queue.jobs) == 1


@pytest.mark.parametrize(
    ("owners", "guild_id"),
    [
        ({"0": GUILD}, GUILD),
        ({"0": GUILD, "1": "4000"}, GUILD),
        ({"1": "4000"}, None),
        ({"1": 4000, "7": "new"}, None),
        ({}, GUILD),
        (None, GUILD),
        ("odd", GUILD),
    ],
    ids=["guild", "both", "user", "of a later kind", "empty", "none", "odd"],
)
def test_the_guild_counts_unless_only_a_user_installed_the_application(
    caller: Caller, owners: object, guild_id: str | None
) -> None:
    caller.content(imagine(prompt="a star") | {"authorizing_integration_owners": owners})
    [job] = caller.queue.jobs
    assert job.guild_id == guild_id
    assert caller.guilds.asked_for == [guild_id]
