"""The channel page on a slow machine or network: nothing that a person does meanwhile is lost."""

import threading
from typing import Any

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect

from emulation.rig.waiting import wait_until
from tests.e2e import answers
from tests.e2e.answers import V2, layout
from tests.e2e.application import Bot, picture
from tests.e2e.browser import WIDE, Held, wait_for_frames
from tests.e2e.conftest import AFTER_DARK, BORIS, Tabs
from tests.e2e.keyboard import command, composer, imagine

_SNAPSHOT, _UPLOADS = "**/control/snapshot", "**/control/attachments*"
_INTERACTIONS = "**/control/interactions"
_CAT: FilePayload = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(1, 64)}
_DOG: FilePayload = _CAT | {"name": "dog.png"}

_TYPE = """(input, text) => {
  input.value = text;
  input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  return document.querySelectorAll("#popup [role=option]").length;
}"""
"""Type a text; the number of suggestions right then."""


_LOSE_CLOSE = """() => addEventListener(
  "close", (event) => event.stopImmediatePropagation(), { capture: true })"""
"""Keep back the event of a closed dialog: on a busy machine it comes after the next keys."""


def submitted(bot: Bot) -> list[dict[str, Any]]:
    """The forms that the bot has received."""
    return [payload["data"] for payload in bot.payloads if payload["type"] == 5]


def test_a_button_that_is_drawn_anew_while_it_is_pressed_is_clicked(page: Page, bot: Bot) -> None:
    command(page, "layout")
    page.get_by_role("button", name="Accept").hover()
    page.mouse.down()
    body = layout({"type": 10, "content": "Half done."})
    bot.edit(bot.interaction("layout"), None, flags=V2, components=[body])
    expect(page.locator("#announcer")).to_contain_text("Half done.")
    wait_for_frames(page)
    page.mouse.up()
    expect(page.locator(".message")).to_contain_text("Accepted.")


def test_the_focus_in_the_sidebar_stays_when_a_message_arrives_elsewhere(
    page: Page, bot: Bot
) -> None:
    for name in ("Boris", "Direct Messages"):
        page.get_by_role("button", name=name).focus()
        message = {"content": f"Not for {name}"}
        bot.http.post(f"/channels/{AFTER_DARK}/messages", json=message).raise_for_status()
        other = page.get_by_role("button", name="after-dark, age-restricted, unread")
        expect(other).to_be_visible()
        expect(page.get_by_role("button", name=name)).to_be_focused()


def test_the_focus_is_not_taken_from_where_a_person_has_gone_before_the_page_has_loaded(
    tabs: Tabs,
) -> None:
    page = tabs.used.take(WIDE)
    snapshot = Held(page, _SNAPSHOT)
    tabs.watch(page)
    link = page.get_by_role("link", name="Operations")
    link.focus()
    snapshot.release()
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    expect(link).to_be_focused()


def test_the_page_shows_the_commands_that_are_registered_before_it_has_seen_a_reset(
    page: Page, bot: Bot
) -> None:
    prompts = page.get_by_role("group", name="Prompts to try").get_by_role("button")
    command(page, "panel")
    expect(page.locator(".message")).to_contain_text("Choose.")
    expect(prompts).to_have_count(0)
    composer(page, "/late")
    expect(page.locator("#popup")).to_contain_text("no command of that name")
    snapshot = Held(page, _SNAPSHOT)
    httpx.post(f"{bot.url}/control/reset", trust_env=False).raise_for_status()
    snapshot.wait()
    bot.register({"name": "late", "description": "Registered late"})
    snapshot.release()
    expect(prompts).to_have_count(3)
    expect(page.get_by_role("option", name="/late")).to_be_visible()


def test_what_is_typed_while_a_dm_is_opened_by_its_first_message_stays(tabs: Tabs) -> None:
    page = tabs.open(f"/#user={BORIS}&channel=dm")
    expect(page.get_by_role("heading", name="Diffusion")).to_be_visible()
    snapshot = Held(page, _SNAPSHOT)
    command(page, "gallery show")
    snapshot.wait()
    composer(page, "/imag")
    snapshot.release()
    expect(page.locator(".message")).to_contain_text("Collection: show")
    expect(page.get_by_role("combobox", name="Message")).to_have_value("/imag")


def test_suggestions_for_another_text_are_taken_away_when_it_is_typed(page: Page) -> None:
    composer(page, "/city b")
    options = page.locator("#popup").get_by_role("option")
    expect(options).to_have_text(["Bergen", "Berlin"])
    assert page.get_by_role("combobox", name="name").evaluate(_TYPE, "ber") == 0
    expect(options).to_have_text(["Bergen", "Berlin"])


def test_a_select_menu_stays_closed_while_its_choice_is_sent(page: Page) -> None:
    command(page, "panel")
    menu, boris = page.get_by_role("combobox", name="Pick a person"), page.get_by_role("option")
    menu.click()
    clicks = Held(page, _INTERACTIONS)
    boris.filter(has_text="Boris").click()
    clicks.wait()
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "false")
    clicks.release()
    expect(page.locator(".message").last).to_contain_text(f"You chose {BORIS}")
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize("then", ["submitted again", "closed"])
def test_a_form_whose_file_is_being_uploaded_is_submitted_once_and_not_if_it_is_closed(
    page: Page, bot: Bot, then: str
) -> None:
    command(page, "survey")
    form = page.get_by_role("dialog", name="Settings")
    uploads = Held(page, _UPLOADS)
    form.get_by_label("Picture").set_input_files(_CAT)
    uploads.wait()
    form.get_by_role("button", name="Submit").click()
    if then == "closed":
        page.keyboard.press("Escape")
    else:
        form.get_by_role("button", name="Submit").click()
    uploads.release()
    expect(form).to_be_hidden()
    command(page, "whisper")
    expect(page.locator(".message").last).to_contain_text("Only for you.")
    assert len(submitted(bot)) == (0 if then == "closed" else 1)


@pytest.mark.parametrize("how", ["Cancel", "Escape", "Submit"])
def test_what_is_typed_as_soon_as_a_form_is_closed_stays(page: Page, how: str) -> None:
    command(page, "form")
    form = page.get_by_role("dialog", name="Describe the picture")
    expect(form.get_by_role("textbox", name="Title")).to_be_focused()
    page.keyboard.type("Sunrise")
    page.evaluate(_LOSE_CLOSE)
    if how == "Escape":
        page.keyboard.press("Escape")
    else:
        form.get_by_role("button", name=how).click()
    expect(form).to_be_hidden()
    page.keyboard.type("/whi")
    expect(page.get_by_role("combobox", name="Message")).to_have_value("/whi")


def test_a_form_stays_open_when_the_one_before_it_is_answered(page: Page, bot: Bot) -> None:
    answered = threading.Event()

    def late_reply(payload: dict[str, Any]) -> answers.Reply:
        if payload["type"] == 5:
            answered.wait()
        return answers.reply_to(payload)

    bot.reply = late_reply
    command(page, "form")
    form = page.get_by_role("dialog", name="Describe the picture")
    expect(form.get_by_role("textbox", name="Title")).to_be_focused()
    page.keyboard.type("Sunrise")
    page.keyboard.press("Enter")
    wait_until(lambda: submitted(bot), "the form is submitted")
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    command(page, "form")
    expect(form).to_be_visible()
    answered.set()
    expect(page.locator(".message")).to_contain_text("Saved as Sunrise")
    wait_for_frames(page)
    expect(form).to_be_visible()


def test_a_file_that_replaces_one_that_is_being_uploaded_is_sent(page: Page, bot: Bot) -> None:
    composer(page, "/redraw ")
    field = page.locator(".draft input[type=file]")
    uploads = Held(page, _UPLOADS)
    field.set_input_files(_CAT)
    page.get_by_role("button", name="Send").click()
    field.set_input_files(_DOG)
    cat, dog = uploads.wait(2)
    with page.expect_response(_UPLOADS):
        cat.continue_()
    wait_for_frames(page)
    dog.continue_()
    expect(page.locator(".message")).to_contain_text("Only for you.")
    [sent] = bot.interaction("redraw")["data"]["resolved"]["attachments"].values()
    assert sent["filename"] == "dog.png"


def test_the_lightbox_gives_the_focus_to_a_picture_that_was_drawn_anew(
    page: Page, bot: Bot
) -> None:
    imagine(page)
    message = page.locator(".message")
    expect(message).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Half done", pictures=2)
    tile = message.get_by_role("button", name="Open picture: Picture 2")
    tile.press("Enter")
    expect(page.get_by_role("dialog", name="Picture")).to_be_visible()
    bot.edit(bot.interaction("imagine"), "Done", pictures=3)
    expect(message.locator(".tile")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(tile).to_be_focused()
