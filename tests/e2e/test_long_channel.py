"""A long channel shows all of its messages, and scrolls to the oldest and back.

How smoothly it does is measured by `make bench`. A longer one says that it has lost its oldest.
"""

import struct
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.application import Bot
from tests.e2e.browser import WIDE, keep_screenshot
from tests.e2e.conftest import Tabs
from tests.e2e.long_channel import (
    MESSAGES,
    PICTURES,
    fill,
    scroll_up_and_down,
    wait_for_messages,
)
from tests.standin_in_process import USER_AGENT, WEBHOOK
from tests.standin_server import serving
from tests.targets import DOCKER, TARGET


def test_two_hundred_messages_with_eight_hundred_pictures_are_shown(tabs: Tabs, bot: Bot) -> None:
    fill(bot)
    page = tabs.open()
    wait_for_messages(page)
    assert page.locator(".tile").count() == MESSAGES * PICTURES
    assert scroll_up_and_down(page) > MESSAGES
    keep_screenshot(page, "long-channel")


@pytest.mark.skipif(TARGET == DOCKER, reason="the clock of a container cannot be moved")
def test_the_page_says_that_older_messages_are_gone(tabs: Tabs, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("<q", 0))
    with (
        serving(tmp_path, "--keep", "2", "--no-rate-limits", "--clock", str(clock)) as server,
        httpx.Client(
            base_url=server.url, headers={"User-Agent": USER_AGENT}, trust_env=False
        ) as http,
    ):

        def post(content: str) -> None:
            http.post(WEBHOOK, json={"content": content}).raise_for_status()

        for number in range(3):
            post(f"Message {number}")
        page = tabs.watch(tabs.used.take(WIDE), server.url)
        expect(page.locator(".message")).to_have_count(3)
        expect(page.locator("#welcome")).to_contain_text("This is the start of the #pictures")
        with clock.open("r+b") as file:
            file.write(struct.pack("<q", 901 * 10**9))
        post("Message 3")
        expect(page.locator(".message")).to_have_count(2)
        expect(page.locator(".message").first).to_contain_text("Message 2")
        gone = "Older messages are gone: the stand-in keeps the newest 2."
        expect(page.locator("#welcome")).to_contain_text(gone)
        page.reload()
        expect(page.locator("#welcome")).to_contain_text(gone)
