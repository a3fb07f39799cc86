"""Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, Page, Route, ViewportSize, sync_playwright

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""By what they cost: the first can draw no window, and takes a tenth less than the second."""
_ARGUMENTS = (
    "--disable-gpu",
    # Without a GPU, a process of its own to draw costs a seventh of the processor time.
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def executable() -> str:
    """The browser on PATH; without one the test fails and says how to get it."""
    for name in _NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.fail("No browser on PATH. Install one: apt-get install chromium", pytrace=False)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window. A process can have one Playwright at a time."""
    with sync_playwright() as playwright, launch(playwright.chromium) as browser:
        yield browser


def launch(chromium: BrowserType, *arguments: str) -> Browser:
    """One more browser of a Playwright; `arguments` are more of its command line."""
    # Chromium's sandbox refuses to run as root.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return chromium.launch(executable_path=executable(), args=[*_ARGUMENTS, *sandbox, *arguments])


@dataclass
class Held:
    """The requests of a page to some addresses, held back as by a slow network until `release`."""

    page: Page
    addresses: str
    _routes: list[Route] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route(self.addresses, lambda route: self._routes.append(route))

    def wait(self, count: int = 1) -> list[Route]:
        """So many requests, once they are there: the page sends them when it comes to it."""
        while len(self._routes) < count:
            self.page.wait_for_timeout(10)
        return self._routes

    def release(self, count: int = 1) -> None:
        """Let them go, at least so many, and hold no others."""
        held = self.wait(count)
        while held:
            held.pop(0).continue_()
        self.page.unroute(self.addresses)

    def release_newest(self) -> None:
        """Let the newest go, if there is any: it overtakes those before it."""
        if self._routes:
            self._routes.pop().continue_()


def wait_for_frames(page: Page) -> None:
    """Wait until the page has drawn whatever it had planned for its next frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def wait_for_images(page: Page) -> None:
    """Wait until every image of the page is loaded, but those that load when they are scrolled to.

    The condition is a function: Playwright evaluates a bare expression anew at each look, with
    `eval`, which the pages' security policy forbids from the second look on.
    """
    page.wait_for_function(
        "() => [...document.images].every((one) => one.complete || one.loading === 'lazy')"
    )


def keep_screenshot(page: Page, name: str) -> Path:
    """Save what the page shows as an artefact of the run, once its pictures are drawn."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    wait_for_images(page)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path
