"""The deployment's limits refuse a user of several servers, a server, and everybody.

What a request costs and what is left stands in its first answer. No worker runs.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from channel import (
    Channel,
    channel_with_default_settings,
    contains_text,
    content_of,
    is_ephemeral,
)

from discord_diffusion.access.limits import day_of
from discord_diffusion.jobs.units import HUNDREDTHS
from tests.stack import Stack

OTHER_SERVERS: tuple[dict[str, Any], ...] = (
    {"raw": {"guild_id": "1300000000000000002"}},
    {"raw": {"guild_id": "1300000000000000003"}},
)
DIRECT_MESSAGE = {"guild_id": None}


@pytest.fixture
def channel(stack: Stack) -> Iterator[Channel]:
    with channel_with_default_settings(stack) as channel:
        yield channel


def test_a_user_of_three_servers_and_direct_messages_has_one_quota(channel: Channel) -> None:
    user, other = channel.new_user(), channel.new_user()
    with channel.stack.changed_function("interactions", USER_UNITS_PER_DAY="3"):
        taken = [channel.imagine(user, **place) for place in ({}, *OTHER_SERVERS)]
        refused = channel.imagine(user, **DIRECT_MESSAGE)
        too_much = channel.imagine(user, options={"steps": 100, "images": 4}, locale="de")
        assert not is_ephemeral(channel.imagine(other))
        quota = content_of(channel.interact(command="quota", user_id=user, locale="en-US"))
    lines = [content_of(one).rpartition("\n")[2] for one in taken]
    assert lines == [f"-# Units: 1 · {left} of 3 left today" for left in (2, 1, 0)]
    assert is_ephemeral(refused)
    text = "This costs 1 units, and of your 3 for today in all servers 0 are left."
    assert content_of(refused).startswith(text)
    assert contains_text(content_of(too_much), "de", "refused.quota_user")
    assert "kostet 20,1 Einheiten" in content_of(too_much)
    assert "You have used **3** of 3 units today in all servers" in quota


def test_the_users_of_a_server_share_its_quota(channel: Channel) -> None:
    first, second = channel.new_user(), channel.new_user()
    quota = content_of(channel.interact(command="quota", user_id=first, locale="en-US"))
    limit = math.ceil(float(quota.split("**")[3])) + 1
    with channel.stack.changed_function("interactions", GUILD_UNITS_PER_DAY=str(limit)):
        assert not is_ephemeral(channel.imagine(first))
        refused = channel.imagine(second, locale="fr")
        elsewhere = channel.imagine(second, **OTHER_SERVERS[0])
    assert is_ephemeral(refused)
    assert contains_text(content_of(refused), "fr", "refused.quota_guild")
    assert f"sur les {limit} du serveur" in content_of(refused)
    assert not is_ephemeral(elsewhere)


def test_everybody_together_stays_within_the_limit_of_the_deployment(channel: Channel) -> None:
    item = channel.item(f"deployment#{day_of(datetime.now(UTC))}")
    used = int(item["used"]["N"]) if item else 0
    limit = math.ceil(used / HUNDREDTHS) + 1
    first, second = channel.new_user(), channel.new_user()
    with channel.stack.changed_function("interactions", UNITS_PER_DAY=str(limit)):
        assert not is_ephemeral(channel.imagine(first))
        refused = [
            channel.imagine(second, locale="ja", **place)
            for place in ({}, OTHER_SERVERS[0], DIRECT_MESSAGE)
        ]
        quota = content_of(channel.interact(command="quota", user_id=second, locale="en-US"))
    for one in refused:
        assert is_ephemeral(one)
        assert contains_text(content_of(one), "ja", "refused.quota_deployment")
    assert f"of {limit} units today." in quota.split("Everybody together")[1]
    assert not is_ephemeral(channel.imagine(second))
