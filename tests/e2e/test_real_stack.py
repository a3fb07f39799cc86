"""The whole stack, used in a browser: a prompt typed into the page becomes pictures."""

from playwright.sync_api import Browser, Page, expect

from emulation.rig.state import ProcessRecord
from tests.e2e.browser import WIDE, keep_screenshot
from tests.e2e.keyboard import imagine
from tests.stack import Stack, Workers

DRAWING_MS = 90_000

_WATCH = """() => {
  window.shownTexts = [];
  const note = () => {
    const text = [...document.querySelectorAll(".message-body")].at(-1)?.textContent ?? "";
    if (text && text !== window.shownTexts.at(-1)) window.shownTexts.push(text);
  };
  new MutationObserver(note)
    .observe(document.getElementById("messages"), { subtree: true, childList: true });
}"""
"""Records every text of the newest message, because some are shown for a moment only."""


def opened(browser: Browser, stack: Stack, path: str = "/") -> Page:
    """A tab on the stack's pages."""
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(f"{stack.state.discord_url}{path}")
    return page


def test_a_prompt_typed_into_the_page_is_queued_and_drawn(
    browser: Browser, stack: Stack, workers: Workers
) -> None:
    page = opened(browser, stack)
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    page.evaluate(_WATCH)
    imagine(page, "a red circle over a blue square")
    message = page.locator(".message").last
    expect(message).to_contain_text("Queued")
    workers.start()
    pictures = message.get_by_role("button", name="Open picture")
    expect(pictures).to_have_count(4, timeout=DRAWING_MS)
    expect(message).to_contain_text("4 pictures")
    for image in message.locator(".tile img").all():
        expect(image).not_to_have_js_property("naturalWidth", 0)
    shown_texts: list[str] = page.evaluate("window.shownTexts")
    # Only a job that takes longer shows its progress.
    words = ("Queued", "Vary 1")
    order = [next(n for n, text in enumerate(shown_texts) if word in text) for word in words]
    assert order == sorted(order), shown_texts
    keep_screenshot(page, "stack-channel")
    page.context.close()


def test_the_timeline_of_a_job_is_on_the_operations_page(
    browser: Browser, stack: Stack, worker: ProcessRecord
) -> None:
    operations = opened(browser, stack, "/operations")
    page = opened(browser, stack)
    imagine(page, "a yellow star")
    row = operations.get_by_role("row", name="prompt: a yellow star")
    expect(row).to_contain_text("pictures", timeout=DRAWING_MS)
    row.get_by_role("button").click()
    events = operations.get_by_role("list", name="Events")
    for name in ("created", "delivered", "answered", "webhook", "uploaded"):
        expect(events.get_by_text(name, exact=True)).to_be_visible()
    for title in ("Queue", "Tasks", "Instances", "Alarms", "Fleet"):
        expect(operations.get_by_role("heading", name=title)).to_be_visible()
    expect(operations.get_by_text("task-shortfall")).to_be_visible()
    keep_screenshot(operations, "stack-operations")
    for tab in (page, operations):
        tab.context.close()
