"""A browser, and a stand-in with a small application behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import answers, application
from tests.e2e.application import Bot
from tests.e2e.browser import WIDE, launched
from tests.standin_server import serving

ADA, BORIS = "1100000000000000001", "1100000000000000002"
CURATOR, PAINTER = "1300000000000000101", "1300000000000000102"
PICTURES, AFTER_DARK = "1400000000000000001", "1400000000000000002"

expect.set_options(timeout=15_000)


# Not of session scope: Playwright's running event loop would break tests that start their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this folder."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def _bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    folder = tmp_path_factory.mktemp("standin")
    with serving(folder, "--no-rate-limits") as server, application.running(server.url) as bot:
        yield bot


@pytest.fixture
def bot(_bot: Bot) -> Bot:
    """The application with its commands registered, in a stand-in that was reset."""
    httpx.post(f"{_bot.url}/control/reset", trust_env=False).raise_for_status()
    _bot.payloads.clear()
    _bot.reply = answers.reply_to
    _bot.register()
    return _bot


@dataclass
class Tabs:
    """Opens tabs of the channel page; a tab with errors on its console fails the test."""

    browser: Browser
    url: str
    errors: list[str]

    def open(self, path: str = "/", **context: Any) -> Page:
        """A tab in a browser profile of its own."""
        page = self.browser.new_context(**{"viewport": WIDE, **context}).new_page()
        return self.watch(page, path)

    def watch(self, page: Page, path: str = "/") -> Page:
        """Load the page in a tab and record the errors in it."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.goto(self.url + path)
        return page

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture
def tabs(browser: Browser, bot: Bot) -> Iterator[Tabs]:
    """Tabs on the test application's stand-in."""
    tabs = Tabs(browser, bot.url, [])
    yield tabs
    for context in browser.contexts:
        context.close()
    assert tabs.errors == []


@pytest.fixture
def page(tabs: Tabs) -> Page:
    """The channel page."""
    page = tabs.open()
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    return page
