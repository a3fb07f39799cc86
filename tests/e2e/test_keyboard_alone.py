"""Everything that the channel page is for is done without a mouse."""

from typing import Any

from playwright.sync_api import FilePayload, Page, expect

from discord_diffusion.discord.edit_form import delete_form
from tests.e2e.answers import FORM, V2
from tests.e2e.application import Bot, picture
from tests.e2e.keyboard import reach

JOB = "1500000000000000000"
BUTTONS = [
    {"type": 2, "style": 2, "label": "Rename", "custom_id": "rename"},
    {"type": 2, "style": 4, "label": "Delete", "custom_id": "delete"},
]
CAT: FilePayload = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(1, 64)}


def shown(kind: int, text: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """A response with a message of components alone, as the bot's are."""
    container = {"type": 17, "components": [{"type": 10, "content": text}, *rows]}
    return {"type": kind, "data": {"flags": V2, "components": [container]}}


def reply(payload: dict[str, Any]) -> dict[str, Any]:
    """A message with two buttons: each opens a form, and one of these deletes what is shown."""
    custom_id = payload["data"].get("custom_id", "")
    buttons = {"type": 1, "components": BUTTONS}
    if payload["type"] == 2:
        return shown(4, "Drawn.", buttons)
    if payload["type"] == 3:
        return {"type": 9, "data": FORM} if custom_id == "rename" else delete_form(JOB, "en")
    if custom_id == FORM["custom_id"]:
        [title] = [
            row["component"]["value"]
            for row in payload["data"]["components"]
            if row["component"]["custom_id"] == "title"
        ]
        return shown(7, f"Called {title}.", buttons)
    return shown(7, "Deleted.")


def test_a_picture_is_asked_for_renamed_and_deleted_without_a_mouse(page: Page, bot: Bot) -> None:
    bot.reply = reply
    keyboard = page.keyboard
    composer = page.get_by_role("combobox", name="Message")
    reach(page, composer)
    keyboard.type("/redr")
    expect(page.get_by_role("option", name="/redraw")).to_be_visible()
    keyboard.press("Enter")
    expect(page.locator(".draft input[type=file]")).to_be_focused()
    page.bring_to_front()  # a tab behind one that has just been closed asks for no file
    with page.expect_file_chooser() as chooser:
        keyboard.press("Space")
    chooser.value.set_files(CAT)
    expect(page.get_by_role("img", name="Preview of cat.png")).to_be_visible()
    reach(page, page.get_by_role("combobox", name="Add an option"))
    keyboard.type("man")
    keyboard.press("Enter")
    manner = page.get_by_role("combobox", name="manner")
    expect(manner).to_be_focused()
    keyboard.type("oi")
    keyboard.press("Enter")
    expect(manner).to_have_value("Oil")
    keyboard.press("Enter")
    drawn = page.locator(".message").last
    expect(drawn).to_contain_text("Drawn.")
    data = bot.interaction("redraw")["data"]
    assert {"name": "manner", "type": 3, "value": "oil"} in data["options"]
    assert [one["filename"] for one in data["resolved"]["attachments"].values()] == ["cat.png"]

    rename = drawn.get_by_role("button", name="Rename")
    reach(page, rename, "Shift+Tab")
    keyboard.press("Enter")
    form = page.get_by_role("dialog", name="Describe the picture")
    expect(form.get_by_role("textbox", name="Title")).to_be_focused()
    keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(rename).to_be_focused()
    keyboard.press("Space")
    expect(form.get_by_role("textbox", name="Title")).to_be_focused()
    keyboard.type("Sunrise")
    reach(page, form.get_by_role("button", name="Submit"))
    keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(drawn).to_contain_text("Called Sunrise.")
    expect(rename).to_be_focused()

    delete = drawn.get_by_role("button", name="Delete")
    reach(page, delete)
    keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Delete the pictures?")
    expect(question.get_by_role("button", name="Submit")).to_be_focused()
    keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(delete).to_be_focused()
    keyboard.press("Enter")
    expect(question.get_by_role("button", name="Submit")).to_be_focused()
    keyboard.press("Enter")
    expect(drawn).to_contain_text("Deleted.")
    expect(drawn.get_by_role("button", name="Delete")).to_have_count(0)
    expect(composer).to_be_focused()
