"""The channel page: categories, forums, threads and channels that come and go."""

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.application import Bot
from tests.e2e.browser import keep_screenshot
from tests.e2e.conftest import AFTER_DARK
from tests.e2e.keyboard import imagine

TEXT, CATEGORY, PUBLIC_THREAD, FORUM = 0, 4, 11, 15


def new_channel(bot: Bot, kind: int, name: str, parent_id: str | None = None) -> str:
    """Create a channel; its id."""
    body = {"type": kind, "name": name, "parent_id": parent_id}
    made = httpx.post(f"{bot.url}/control/channels", json=body, trust_env=False)
    return str(made.raise_for_status().json()["id"])


def test_what_is_made_appears_and_can_be_opened(page: Page, bot: Bot) -> None:
    category = new_channel(bot, CATEGORY, "Studio floor")
    new_channel(bot, TEXT, "easels", category)
    forum = new_channel(bot, FORUM, "gallery", category)
    post = new_channel(bot, PUBLIC_THREAD, "my first star", forum)
    channels = page.locator("#channels")
    expect(channels.get_by_text("gallery (forum)")).to_be_visible()
    expect(channels.get_by_text("my first star")).to_be_visible()
    names = channels.locator("li").all_inner_texts()
    order = ["Studio floor", "easels", "gallery (forum)", "my first star"]
    assert [name for name in names if name in order] == order
    channels.get_by_role("button", name="my first star").click()
    expect(page.get_by_role("heading", name="my first star")).to_be_visible()
    imagine(page)
    expect(page.locator(".message").last).to_contain_text("Queued")
    [payload] = bot.received("imagine")
    assert (payload["channel_id"], payload["channel"]["parent_id"]) == (post, forum)
    keep_screenshot(page, "forum")


def test_a_thread_of_an_age_restricted_channel_is_shown_as_one(page: Page, bot: Bot) -> None:
    new_channel(bot, PUBLIC_THREAD, "late talk", AFTER_DARK)
    page.locator("#channels").get_by_role("button", name="late talk").click()
    expect(page.locator("#welcome")).to_contain_text("It is age-restricted.")


def test_a_channel_that_is_deleted_is_left(page: Page, bot: Bot) -> None:
    gone = new_channel(bot, TEXT, "passing")
    page.locator("#channels").get_by_role("button", name="passing").click()
    expect(page.get_by_role("heading", name="passing")).to_be_visible()
    httpx.delete(f"{bot.url}/control/channels/{gone}", trust_env=False).raise_for_status()
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    expect(page.locator("#channels").get_by_text("passing")).to_have_count(0)
