"""A long channel shows all of its messages, and scrolls to the oldest and back.

How smoothly it does is measured by `make bench`.
"""

from tests.e2e.application import Bot
from tests.e2e.browser import keep_screenshot
from tests.e2e.conftest import Tabs
from tests.e2e.long_channel import (
    MESSAGES,
    PICTURES,
    fill,
    scroll_up_and_down,
    wait_for_messages,
)


def test_two_hundred_messages_with_eight_hundred_pictures_are_shown(tabs: Tabs, bot: Bot) -> None:
    fill(bot)
    page = tabs.open()
    wait_for_messages(page)
    assert page.locator(".tile").count() == MESSAGES * PICTURES
    assert scroll_up_and_down(page) > MESSAGES
    keep_screenshot(page, "long-channel")
