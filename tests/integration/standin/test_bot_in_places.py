"""Where and for whom the bot draws: signed interactions of the stand-in, and the bot's answers."""

from collections.abc import AsyncIterator

import pytest

from tests.standin_bot import Bot, running_bot
from tests.standin_in_process import ADA, AFTER_DARK, BORIS, GUILD, PICTURES

pytestmark = pytest.mark.anyio

TEXT, GROUP_DM, CATEGORY, PUBLIC_THREAD, FORUM = 0, 3, 4, 11, 15


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The bot behind a stand-in, its guild without settings."""
    async with running_bot() as running:
        yield running


async def test_a_channel_that_is_allowed_allows_its_threads_and_no_others(bot: Bot) -> None:
    text = await bot.new_channel(type=TEXT)
    thread = await bot.new_channel(type=PUBLIC_THREAD, parent_id=text)
    elsewhere = await bot.new_channel(type=PUBLIC_THREAD, parent_id=PICTURES)
    await bot.settings("access", allow=True, channel=text)
    assert await bot.imagine(text)
    assert await bot.imagine(thread)
    assert not await bot.imagine(elsewhere)
    assert not await bot.imagine(PICTURES)


async def test_a_forum_that_is_allowed_allows_its_posts(bot: Bot) -> None:
    forum = await bot.new_channel(type=FORUM)
    post = await bot.new_channel(type=PUBLIC_THREAD, parent_id=forum)
    await bot.settings("access", allow=True, channel=forum)
    assert await bot.imagine(post)
    assert not await bot.imagine(PICTURES)


async def test_a_category_that_is_allowed_allows_its_channels_and_their_threads(bot: Bot) -> None:
    """Discord says of a thread which channel it is in, and never that channel's category."""
    category = await bot.new_channel(type=CATEGORY)
    text = await bot.new_channel(type=TEXT, parent_id=category)
    thread = await bot.new_channel(type=PUBLIC_THREAD, parent_id=text)
    answer = await bot.settings("access", allow=True, channel=category)
    assert "Name its forums too" in answer
    assert await bot.imagine(text)
    assert await bot.imagine(thread)
    assert not await bot.imagine(PICTURES)


async def test_a_forum_that_a_manager_named_is_known_to_be_in_its_category(bot: Bot) -> None:
    category = await bot.new_channel(type=CATEGORY)
    forum = await bot.new_channel(type=FORUM, parent_id=category)
    post = await bot.new_channel(type=PUBLIC_THREAD, parent_id=forum)
    await bot.settings("access", allow=True, channel=category)
    assert not await bot.imagine(post)
    await bot.settings("safety", channel=forum)
    assert await bot.imagine(post)


async def test_the_age_restriction_of_a_channel_counts_for_its_threads(bot: Bot) -> None:
    await bot.settings("safety", level="channel")
    thread = await bot.new_channel(type=PUBLIC_THREAD, parent_id=AFTER_DARK)
    unknown = await bot.imagine(thread)
    assert unknown
    assert unknown.safety_check, "nothing is known of the channel yet"
    assert await bot.imagine(AFTER_DARK)
    known = await bot.imagine(thread)
    assert known
    assert (known.safety_check, known.nsfw) == (False, True)
    other = await bot.imagine(await bot.new_channel(type=PUBLIC_THREAD, parent_id=PICTURES))
    assert other
    assert (other.safety_check, other.nsfw) == (True, False)


async def test_the_age_restriction_of_a_forum_counts_once_a_manager_named_it(bot: Bot) -> None:
    await bot.settings("safety", level="channel")
    forum = await bot.new_channel(type=FORUM, nsfw=True)
    post = await bot.new_channel(type=PUBLIC_THREAD, parent_id=forum)
    assert (job := await bot.imagine(post))
    assert job.safety_check
    assert "Saved" in await bot.settings("safety", channel=forum)
    assert (job := await bot.imagine(post))
    assert not job.safety_check


async def test_a_channel_is_noted_once_and_not_by_each_request(bot: Bot) -> None:
    await bot.imagine(AFTER_DARK)
    first = bot.items[f"channel#{AFTER_DARK}"]
    assert first["age_restricted"] is True
    await bot.imagine(AFTER_DARK)
    assert bot.items[f"channel#{AFTER_DARK}"] == first


async def test_the_role_everyone_means_everybody(bot: Bot) -> None:
    await bot.settings("access", allow=True, role=GUILD)
    assert await bot.imagine(PICTURES)


async def test_a_role_and_a_channel_that_no_longer_exist_can_be_taken_back(bot: Bot) -> None:
    role = await bot.new_role("Guests", BORIS)
    text = await bot.new_channel(type=TEXT, name="atelier")
    await bot.settings("access", allow=True, role=role)
    await bot.settings("access", allow=True, channel=text)
    await bot.settings("priority", allow=True, role=role)
    await bot.delete("roles", role)
    await bot.delete("channels", text)
    assert not await bot.imagine(PICTURES)
    assert await bot.entries() == {"@Guests": role, "#atelier": text}
    for entry in (role, f"<#{text}>"):
        assert "Saved" in await bot.settings("revoke", entry=entry)
    assert await bot.entries() == {}
    assert await bot.imagine(PICTURES)
    assert "on none of the lists" in await bot.settings("revoke", entry=role)


async def test_a_user_who_is_blocked_asks_for_nothing_there_until_allowed_again(bot: Bot) -> None:
    assert f"<@{BORIS}>" in await bot.settings("user", user=BORIS, allow=False)
    assert not await bot.imagine(PICTURES, user_id=BORIS)
    assert "You may not ask for pictures" in await bot.answer(
        command="imagine", options={"prompt": "a star"}, user_id=BORIS
    )
    assert await bot.imagine(PICTURES, user_id=ADA)
    assert await bot.imagine(PICTURES, user_id=BORIS, installed_by="user"), "nobody's server"
    await bot.settings("user", user=BORIS, allow=True)
    assert await bot.imagine(PICTURES, user_id=BORIS)


async def test_only_managers_see_what_is_named(bot: Bot) -> None:
    await bot.settings("access", allow=True, role=GUILD)
    sent = await bot.standin.send(command="settings revoke", focused="entry", user_id=BORIS)
    assert sent["response"]["data"]["choices"] == []


async def test_where_the_bot_is_a_guest_the_users_own_quota_counts_and_no_settings(
    bot: Bot,
) -> None:
    await bot.settings("access", allow=True, channel=AFTER_DARK)
    await bot.settings("safety", level="channel")
    assert not await bot.imagine(PICTURES)
    assert not await bot.imagine(PICTURES, installed_by="both")
    assert (job := await bot.imagine(PICTURES, installed_by="user"))
    assert job.guild_id is None
    charged = [key for key, item in bot.items.items() if item.get("used")]
    assert sorted(key.partition("#")[0] for key in charged) == ["deployment", "user"]
    assert (restricted := await bot.imagine(AFTER_DARK, installed_by="user"))
    assert restricted.safety_check, "nobody there has switched the filter off"


async def test_where_the_bot_is_a_guest_nobody_changes_settings(bot: Bot) -> None:
    answer = await bot.answer(command="settings reset", user_id=ADA, installed_by="user")
    assert "I am no member of this server" in answer
    assert not [key for key in bot.items if key.startswith("guild#")]


async def test_a_guests_buttons_work_for_everybody_in_the_channel(bot: Bot) -> None:
    sent = await bot.standin.send(
        command="imagine", options={"prompt": "a star"}, installed_by="user", user_id=BORIS
    )
    click = {"message_id": sent["message_id"], "custom_id": f"reroll:{bot.queue.jobs[0].id}:0"}
    message = bot.standin.backend.messages.get(sent["message_id"])
    message.components = [
        {"type": 1, "components": [{"type": 2, "style": 2, "custom_id": click["custom_id"]}]}
    ]
    again = await bot.standin.send(user_id=ADA, **click)
    assert again["outcome"] == "answered"
    first, second = bot.queue.jobs
    assert (second.user_id, second.guild_id) == (ADA, None)
    assert second.parameters.prompt == first.parameters.prompt


async def test_a_group_dm_has_no_settings_and_the_users_own_quota(bot: Bot) -> None:
    group = await bot.new_channel(type=GROUP_DM, recipient_ids=[ADA, BORIS])
    assert (job := await bot.imagine(group))
    assert (job.guild_id, job.user_id, job.channel_id) == (None, BORIS, group)
    assert job.safety_check
    assert "in servers alone" not in await bot.answer(
        command="quota", channel_id=group, user_id=BORIS
    )
