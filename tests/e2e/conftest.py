"""A browser, and a stand-in with a small application behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e import answers, application
from tests.e2e.application import Bot
from tests.e2e.browser import WIDE, launched
from tests.standin_server import serving

ADA, BORIS = "1100000000000000001", "1100000000000000002"
CURATOR, PAINTER = "1300000000000000101", "1300000000000000102"
PICTURES, AFTER_DARK = "1400000000000000001", "1400000000000000002"

PATIENT, AS_DISCORD = 60.0, 3.0
"""Seconds for an answer: a busy machine may need more than Discord gives."""

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
"""The setting of a person who wants no animations: each frame would take processor time."""

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
    _bot.set_answer_seconds(PATIENT)
    _bot.payloads.clear()
    _bot.reply = answers.reply_to
    _bot.register()
    return _bot


@dataclass
class UsedTab:
    """A tab that tests use one after another: one in a new profile takes five times as long."""

    browser: Browser
    page: Page | None = None
    is_used: bool = False

    def take(self, viewport: ViewportSize) -> Page:
        """The tab, blank and of that size, until it is given back."""
        if self.page is None or self.page.is_closed():
            self.page = self.browser.new_context(**STILL).new_page()
        self.is_used = True
        self.page.bring_to_front()  # else no file is asked for after another tab was in front
        self.page.set_viewport_size(viewport)
        return self.page

    def give_back(self) -> None:
        """Close what was opened beside the tab, and the page in it."""
        self.is_used = False
        if self.page and not self.page.is_closed():
            for other in self.page.context.pages:
                if other != self.page:
                    other.close()
            self.page.unroute_all()
            self.page.goto("about:blank")


def _ignore(_event: object) -> None:
    """The event is awaited elsewhere."""


@dataclass
class Tabs:
    """Opens tabs of the channel page; a tab with errors on its console fails the test."""

    used: UsedTab
    url: str
    errors: list[str] = field(default_factory=list)
    _watched: list[Page] = field(default_factory=list)

    def open(self, path: str = "/", viewport: ViewportSize = WIDE, **context: Any) -> Page:
        """A tab; a test's second one and one with options are in browser profiles of their own."""
        if self.used.is_used or context:
            options = STILL | context
            page = self.used.browser.new_context(viewport=viewport, **options).new_page()
        else:
            page = self.used.take(viewport)
        return self.watch(page, path)

    def watch(self, page: Page, path: str = "/") -> Page:
        """Load the page in a tab and record the errors in it."""
        page.on("pageerror", self._note_error)
        page.on("console", self._note)
        # Choosers are intercepted from now on: where that begins with the key press that asks for a
        # file, the key may reach the page first.
        page.on("filechooser", _ignore)
        self._watched.append(page)
        page.goto(path if "://" in path else self.url + path)
        return page

    def close(self) -> None:
        """Close all tabs but the one that the next test uses."""
        for page in self._watched:
            page.remove_listener("pageerror", self._note_error)
            page.remove_listener("console", self._note)
            page.remove_listener("filechooser", _ignore)
        self.used.give_back()
        for context in self.used.browser.contexts:
            if self.used.page is None or context != self.used.page.context:
                context.close()

    def _note_error(self, error: object) -> None:
        self.errors.append(str(error))

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture(scope="package")
def used_tab(browser: Browser) -> UsedTab:
    """The tab of all tests of this folder."""
    return UsedTab(browser)


@pytest.fixture
def tabs(used_tab: UsedTab, bot: Bot) -> Iterator[Tabs]:
    """Tabs on the test application's stand-in."""
    tabs = Tabs(used_tab, bot.url)
    yield tabs
    tabs.close()
    assert tabs.errors == []


@pytest.fixture
def page(tabs: Tabs) -> Page:
    """The channel page."""
    page = tabs.open()
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    return page
