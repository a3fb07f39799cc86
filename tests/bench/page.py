"""Measures the longest task of the browser while a long channel is scrolled."""

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


def longest_task_ms() -> float:
    """The longest task, in milliseconds, of the run whose longest task is the shortest.

    Other processes can only lengthen a task.
    """
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder), "--no-rate-limits") as server,
        application.running(server.url) as bot,
        launched() as browser,
    ):
        fill(bot)
        return round(min(_longest_task_ms(browser, server.url) for _ in range(RUNS)), 1)


def _longest_task_ms(browser: Browser, url: str) -> float:
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(url)
    wait_for_messages(page)
    page.evaluate(_OBSERVE)
    scroll_up_and_down(page)
    tasks: list[float] = page.evaluate("window.longTasks")
    page.context.close()
    return max(tasks, default=0.0)
