"""`python -m tests.e2e.documentation_pictures FOLDER`: the pictures of the pages in the docs.

They show a running stack (`make local-up`): a few prompts are sent and drawn, then both pages are
photographed.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from tests.e2e.browser import launched, wait_for_images
from toolchain.layout import Layout

_VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
_USERS = ("1100000000000000001", "1100000000000000002", "1100000000000000003")
_PROMPTS = (
    "a red circle above a blue square",
    "two purple triangles on a white background",
    "a yellow star on a green background",
)
_DRAWING_SECONDS = 120.0


def draw(state: StackState) -> None:
    """Send the prompts, each of another user, and wait for their pictures."""
    stand_in = StandInClient(state.discord_url)
    sent = [
        stand_in.send("imagine", {"prompt": prompt, "seed": 7}, user_id=user, locale="en-US")
        for prompt, user in zip(_PROMPTS, _USERS, strict=True)
    ]
    for interaction_id in sent:
        stand_in.wait_for_pictures(interaction_id, _DRAWING_SECONDS)


def _opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport=_VIEWPORT).new_page()
    page.goto(address)
    return page


def photograph(browser: Browser, state: StackState, folder: Path) -> list[Path]:
    """Save both pages as pictures; their paths."""
    channel = _opened(browser, state.discord_url)
    expect(
        channel.locator(".message").last.get_by_role("button", name="Open picture")
    ).to_have_count(4)
    channel.locator(".message").last.evaluate("(one) => one.scrollIntoView({ block: 'start' })")
    wait_for_images(channel)
    operations = _opened(browser, f"{state.discord_url}/operations")
    row = operations.get_by_role("row", name=_PROMPTS[-1])
    row.get_by_role("button").click()
    expect(
        operations.get_by_role("region", name="Log").get_by_role("listitem").first
    ).to_be_visible()
    taken = []
    for name, page in (("channel", channel), ("operations", operations)):
        taken.append(folder / f"{name}.png")
        page.screenshot(path=taken[-1], animations="disabled")
    return taken


def main() -> None:
    """Draw and photograph, and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.documentation_pictures")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    state = StateFolder.chosen(Layout.of_this_checkout().root).load()
    if state is None:
        raise SystemExit("no stack runs here: start one with make local-up")
    draw(state)
    with launched() as browser:
        for path in photograph(browser, state, arguments.folder):
            print(path)  # noqa: T201 - the result of the command


if __name__ == "__main__":
    main()
