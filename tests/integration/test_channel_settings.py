"""The settings of a guild hold for every user in it, until they are reset.

No worker runs.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from channel import (
    ADA,
    AFTER_DARK,
    BORIS,
    CURATOR,
    GUILD,
    PAINTER,
    PICTURES,
    Channel,
    channel_with_default_settings,
    contains_text,
    content_of,
    is_ephemeral,
)

from tests.stack import Stack
from tests.targets import HOST, TARGET

MADE_UP = "(?:evil|bad) cats?"


@pytest.fixture
def channel(stack: Stack) -> Iterator[Channel]:
    with channel_with_default_settings(stack) as channel:
        yield channel


def drawn(channel: Channel, sent: dict[str, Any]) -> dict[str, Any]:
    """What is to be drawn, from the job's record."""
    item = channel.item(f"job#{sent['interaction_id']}")
    assert item is not None, content_of(sent)
    parameters: dict[str, Any] = json.loads(item["parameters"]["S"])
    return parameters | {"spoiler": item["spoiler"]["BOOL"]}


def test_the_defaults_of_a_guild_apply_where_a_request_names_nothing_until_they_are_reset(
    channel: Channel,
) -> None:
    user = channel.new_user()
    before = drawn(
        channel, channel.interact(command="imagine", options={"prompt": "x"}, user_id=user)
    )
    channel.settings("defaults", images=3, steps=9, guidance=1.5, size="wide")
    channel.settings("safety", spoiler=True)
    decided = drawn(
        channel, channel.interact(command="imagine", options={"prompt": "x"}, user_id=user)
    )
    assert (decided["images"], decided["steps"], decided["guidance"]) == (3, 9, 1.5)
    assert decided["width"] * 9 == pytest.approx(decided["height"] * 16, rel=0.1)
    assert decided["spoiler"]
    own = {"images": 1, "steps": 4, "guidance": 3.0, "size": "square"}
    named = drawn(channel, channel.imagine(user, options=own))
    assert (named["images"], named["steps"], named["guidance"]) == (1, 4, 3.0)
    assert named["width"] == named["height"]
    channel.settings("reset")
    after = drawn(
        channel, channel.interact(command="imagine", options={"prompt": "x"}, user_id=user)
    )
    assert {**after, "seed": 0} == {**before, "seed": 0}


@pytest.mark.skipif(TARGET != HOST, reason="no other stack of the tests has a second model")
def test_the_model_of_a_guild_has_its_own_steps_and_limits(channel: Channel) -> None:
    user = channel.new_user()
    completed = channel.interact(
        command="settings defaults", options={"model": "SHA"}, focused="model", user_id=ADA
    )
    assert [one["value"] for one in completed["response"]["data"]["choices"]] == ["shapes"]
    assert "no model of that name" in channel.settings("defaults", model="dall-e")
    channel.settings("defaults", model="shapes")
    decided = drawn(channel, channel.imagine(user))
    assert (decided["model"], decided["steps"], decided["guidance"]) == ("shapes", 6, 2.5)
    refused = channel.imagine(user, options={"width": 256, "height": 256}, locale="es-ES")
    assert contains_text(content_of(refused), "es-ES", "refused.size_too_large")


def test_no_side_is_longer_than_the_guild_allows_not_even_of_an_enlarged_picture(
    channel: Channel,
) -> None:
    user = channel.new_user()
    channel.settings("limits", max_side=96)
    assert contains_text(
        content_of(channel.imagine(user, options={"width": 104})), "en-US", "refused.size_too_large"
    )
    assert drawn(channel, channel.imagine(user, options={"width": 96}))["width"] == 96


def test_all_settings_are_shown_and_a_reset_removes_them(channel: Channel) -> None:
    nothing = channel.settings("show")
    channel.settings("limits", user_units=12, server_units=345, cooldown=6, jobs=7, max_side=896)
    channel.settings("defaults", images=2, steps=31, guidance=4.5, size="tall")
    channel.settings("safety", level="channel", spoiler=True)
    channel.settings("block", pattern=MADE_UP)
    channel.settings("priority", role=PAINTER, allow=True)
    answer = channel.settings("access", role=CURATOR, channel=AFTER_DARK, allow=True)
    for value in ("12", "345", "**cooldown**: 6", "7", "896", "31", "4.5", "tall", "on"):
        assert value in answer, value
    for value in (f"<@&{PAINTER}>", f"<@&{CURATOR}>", f"<#{AFTER_DARK}>", MADE_UP):
        assert value in answer, value
    assert "Not in age-restricted channels" in answer
    assert channel.settings("show") in answer
    assert contains_text(channel.settings("reset"), "en-US", "done.saved")
    assert channel.settings("show") == nothing


def test_only_the_roles_and_channels_that_are_named_have_access(channel: Channel) -> None:
    painter = {"member": {"roles": [PAINTER]}}
    user = channel.new_user()
    channel.settings("access", role=PAINTER, allow=True)
    assert "Your roles do not allow" in content_of(channel.imagine(user))
    assert not is_ephemeral(channel.imagine(user, raw=painter))
    channel.settings("access", role=PAINTER, allow=False)
    channel.settings("access", channel=AFTER_DARK, allow=True)
    assert f"<#{AFTER_DARK}>" in content_of(channel.imagine(user))
    assert not is_ephemeral(channel.imagine(user, channel_id=AFTER_DARK))


def test_blocked_words_are_found_in_disguise_and_audited(
    channel: Channel,
) -> None:
    user = channel.new_user()
    assert f"`{MADE_UP}`" in channel.settings("block", pattern=MADE_UP)
    asked = [{"prompt": one} for one in ("an evil cat", "an еvіl  с a t", "3v1l cats")]
    asked.append({"negative_prompt": "e\u200bvil cat"})
    for options in asked:
        sent = channel.imagine(user, options=options)
        assert "These words are not allowed" in content_of(sent), options
        kept = channel.item(f"audit#{GUILD}#{sent['interaction_id']}")
        assert kept is not None
        assert (kept["action"], kept["user_id"]) == ({"S": "blocked"}, {"S": user})
    assert "can't be used" in channel.settings("block", pattern="(a+)+b")
    completed = channel.interact(
        command="settings unblock", options={"pattern": "bad"}, focused="pattern", user_id=ADA
    )
    assert [one["value"] for one in completed["response"]["data"]["choices"]] == [MADE_UP]
    nosy = channel.interact(
        command="settings unblock", options={"pattern": "bad"}, focused="pattern", user_id=BORIS
    )
    assert nosy["response"]["data"]["choices"] == [], "the list is for those who manage the guild"
    channel.settings("unblock", pattern=MADE_UP)
    assert not is_ephemeral(channel.imagine(user, options={"prompt": "an evil cat"}))


def test_the_safety_check_is_off_only_where_the_guild_and_the_channel_allow_it(
    channel: Channel,
) -> None:
    def is_checked(where: str) -> bool:
        sent = channel.imagine(channel.new_user(), channel_id=where)
        for _ in range(50):
            found = channel.stack.sqs.receive_message(
                QueueUrl=channel.stack.state.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            for one in found.get("Messages", []):
                if f'"id":"{sent["interaction_id"]}"' in one["Body"]:
                    return '"safety_check":true' in one["Body"]
        raise AssertionError("the job did not come")

    assert is_checked(AFTER_DARK)
    channel.settings("safety", level="channel")
    assert not is_checked(AFTER_DARK)
    assert is_checked(PICTURES)


def test_only_members_who_manage_the_guild_change_its_settings(channel: Channel) -> None:
    for asked, reason in (
        ({"user_id": BORIS}, "Only members who may manage"),
        ({"user_id": ADA, "guild_id": None}, "in servers alone"),
    ):
        sent = channel.interact(command="settings reset", locale="en-US", **asked)
        assert reason in content_of(sent)
    channel.settings("access", role=CURATOR, allow=True)
    kept = channel.dynamodb.scan(
        TableName=channel.table,
        FilterExpression="#action = :access",
        ExpressionAttributeNames={"#action": "action"},
        ExpressionAttributeValues={":access": {"S": "settings.access"}},
    )["Items"]
    assert {one["user_id"]["S"] for one in kept} == {ADA}
    assert any(CURATOR in one["settings"]["S"] for one in kept)
