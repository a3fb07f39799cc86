"""Types commands into the channel page, and moves its focus as a person without a mouse does."""

from playwright.sync_api import Locator, Page, expect

MOST_STOPS = 60
"""The most presses of Tab that a person is expected to need for anything on the page."""


def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab, or `key`, until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not reach {target}")


def composer(page: Page, text: str) -> None:
    """Type into the message box."""
    page.get_by_role("combobox", name="Message").press_sequentially(text)


def command(page: Page, name: str) -> None:
    """Send a command that needs no options."""
    composer(page, f"/{name} ")
    page.keyboard.press("Enter")


def imagine(page: Page, prompt: str = "a red circle") -> None:
    """Send /imagine by keyboard alone."""
    composer(page, "/imag")
    expect(page.get_by_role("option", name="/imagine")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type(prompt)
    page.keyboard.press("Enter")
