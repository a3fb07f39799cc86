"""Types commands into the channel page."""

from playwright.sync_api import Page, expect


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
