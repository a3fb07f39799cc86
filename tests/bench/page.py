"""Measures how soon the pages are usable, and the longest task while a long channel scrolls."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from tests.e2e import application
from tests.e2e.browser import WIDE, launched
from tests.e2e.long_channel import fill, scroll_up_and_down, wait_for_messages
from tests.standin_server import serving

RUNS = 4

_OBSERVE = """() => {
  window.longTasks = [];
  const keep = (list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration));
  new PerformanceObserver(keep).observe({ type: "longtask" });
}"""


def measure() -> dict[str, float]:
    """Of a channel with 200 messages and 800 pictures, in milliseconds, the best of some runs.

    `usable`: until what is typed into the page that was just opened opens the list of commands;
    `operations`: until the operations page is live; `longest_task`: of the browser, while the
    channel scrolls. Other processes can only lengthen each of them.
    """
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder), "--no-rate-limits") as server,
        application.running(server.url) as bot,
        launched() as browser,
    ):
        bot.register()
        fill(bot)
        measures = {"usable": _usable_ms, "operations": _live_ms, "longest_task": _longest_task_ms}
        return {
            name: round(min(measured(browser, server.url) for _ in range(RUNS)), 1)
            for name, measured in measures.items()
        }


def _usable_ms(browser: Browser, url: str) -> float:
    page = browser.new_context(viewport=WIDE).new_page()
    started = time.monotonic()
    page.goto(url, wait_until="commit")
    page.locator("#composer-text").press("/")
    page.locator("#suggestions [role=option]").first.wait_for()
    took = time.monotonic() - started
    page.context.close()
    return took * 1000


def _live_ms(browser: Browser, url: str) -> float:
    page = browser.new_context(viewport=WIDE).new_page()
    started = time.monotonic()
    page.goto(f"{url}/operations", wait_until="commit")
    page.get_by_text("live", exact=True).wait_for()
    took = time.monotonic() - started
    page.context.close()
    return took * 1000


def _longest_task_ms(browser: Browser, url: str) -> float:
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(url)
    wait_for_messages(page)
    page.evaluate(_OBSERVE)
    scroll_up_and_down(page)
    tasks: list[float] = page.evaluate("window.longTasks")
    page.context.close()
    return max(tasks, default=0.0)
