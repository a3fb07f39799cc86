"""Messages of components alone in the channel page, and forms with every kind of input."""

import pytest
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from tests.e2e.answers import V2, layout
from tests.e2e.application import Bot, picture
from tests.e2e.browser import PHONE, keep_screenshot
from tests.e2e.conftest import Tabs
from tests.e2e.keyboard import command
from tests.e2e.test_accessibility import serious_violations

DESKTOP: ViewportSize = {"width": 1280, "height": 900}


def item(index: int, *, spoiler: bool = False) -> dict[str, object]:
    """A picture of a gallery."""
    media = {"url": f"attachment://{index}.png"}
    return {"media": media, "description": f"Circle {index + 1}", "spoiler": spoiler}


def show_pictures(bot: Bot) -> None:
    """Edit the message of `/layout` so that it shows two pictures, a thumbnail and a file."""
    gallery = {"type": 12, "items": [item(0), item(1, spoiler=True)]}
    thumbnail = {
        "type": 9,
        "components": [{"type": 10, "content": "A section beside its thumbnail"}],
        "accessory": {"type": 11, "media": {"url": "attachment://2.png"}, "description": "Small"},
    }
    file = {"type": 13, "file": {"url": "attachment://3.png"}, "spoiler": True}
    components = [layout(gallery, thumbnail, file)]
    bot.edit(bot.interaction("layout"), None, pictures=4, flags=V2, components=components)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_container_shows_texts_pictures_files_and_buttons(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    page = tabs.open(viewport=viewport)
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    command(page, "layout")
    message = page.locator(".message").first
    expect(message.locator(".container")).to_contain_text("a red circle")
    show_pictures(bot)
    group = message.get_by_role("group", name="2 pictures")
    expect(group.get_by_role("button", name="Open picture: Circle 1")).to_be_visible()
    expect(message.get_by_role("button", name="Open picture: Small")).to_be_visible()
    expect(message.locator(".file-card")).to_contain_text("3.png")
    expect(message).to_contain_text("(edited)")
    keep_screenshot(page, f"layout-{viewport['width']}")
    assert serious_violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"], "the page scrolls sideways"


def test_spoilers_of_a_container_are_revealed_by_a_click(page: Page, bot: Bot) -> None:
    command(page, "layout")
    expect(page.locator(".container")).to_be_visible()
    show_pictures(bot)
    veils = page.get_by_role("button", name="Spoiler, press to reveal")
    expect(veils).to_have_count(2)
    veils.first.click()
    page.get_by_role("button", name="Open picture: Circle 2").click()
    dialog = page.get_by_role("dialog", name="Picture")
    expect(dialog).to_contain_text("Circle 2")
    page.keyboard.press("Escape")
    veils.last.click()
    expect(page.get_by_role("link", name="3.png")).to_be_visible()
    expect(veils).to_have_count(0)


def test_a_button_beside_a_section_can_be_clicked(page: Page) -> None:
    command(page, "layout")
    page.get_by_role("button", name="Accept").click()
    message = page.locator(".message").first
    expect(message).to_contain_text("Accepted.")
    expect(message.locator(".container")).to_have_count(0)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_form_has_selects_radio_buttons_checkboxes_and_an_upload(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    page = tabs.open(viewport=viewport)
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    command(page, "survey")
    form = page.get_by_role("dialog", name="Settings")
    expect(form.get_by_role("listbox", name="Roles")).to_have_values(["1300000000000000101"])
    form.get_by_role("radio", name="Not in age-restricted channels").check()
    form.get_by_role("checkbox", name="Vary").check()
    form.get_by_role("checkbox", name="Spoiler").check()
    cat: FilePayload = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(1, 64)}
    form.get_by_label("Picture").set_input_files(cat)
    keep_screenshot(page, f"survey-{viewport['width']}")
    assert serious_violations(page) == []
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    answer = page.locator(".message").last
    expect(answer).to_contain_text("'filter': 'channel', 'allowed': ['edit', 'vary']")
    data = bot.payloads[-1]["data"]
    [uploaded] = data["resolved"]["attachments"].values()
    assert uploaded["filename"] == "cat.png"
