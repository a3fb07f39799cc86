"""Buttons, select menus and forms of the channel page, and the notices when they fail."""

from playwright.sync_api import Locator, Page, expect

from discord_diffusion.discord import answer_layouts, responses
from discord_diffusion.discord.edit_form import delete_form
from tests.e2e.application import Bot
from tests.e2e.browser import keep_screenshot
from tests.e2e.conftest import BORIS, Tabs
from tests.e2e.keyboard import command
from tests.e2e.test_accessibility import serious_violations


def panel(page: Page) -> Locator:
    """A message with one of each component."""
    command(page, "panel")
    message = page.locator(".message").filter(has_text="Choose.")
    expect(message).to_be_visible()
    keep_screenshot(page, "components")
    return page.locator(".message").first


def test_a_button_changes_its_message_for_everyone(page: Page, tabs: Tabs) -> None:
    other = tabs.open(f"/#user={BORIS}")
    message = panel(page)
    message.get_by_role("button", name="Again").press("Enter")
    expect(message).to_contain_text("Pressed again.")
    expect(other.locator(".message").first).to_contain_text("Pressed again.")


def test_a_button_opens_a_form_that_is_checked_and_submitted(page: Page) -> None:
    panel(page).get_by_role("button", name="Rename").click()
    form = page.get_by_role("dialog", name="Describe the picture")
    expect(form.get_by_role("textbox", name="Title")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form).to_contain_text("This field is required.")
    page.keyboard.type("Sunrise")
    keep_screenshot(page, "form")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(page.locator(".message").last).to_contain_text("Saved as Sunrise")


def test_a_command_opens_a_form_that_escape_closes(page: Page) -> None:
    command(page, "form")
    form = page.get_by_role("dialog", name="Describe the picture")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(page.locator(".message")).to_have_count(0)


def test_an_ephemeral_error_is_marked_and_can_be_dismissed(page: Page) -> None:
    panel(page).get_by_role("button", name="Whisper").click()
    error = page.locator(".message.ephemeral")
    expect(error).to_contain_text("You may not do that.")
    expect(error).to_contain_text("Only you can see this · Dismiss message")
    keep_screenshot(page, "ephemeral")
    error.get_by_role("button", name="Dismiss message").click()
    expect(error).to_have_count(0)


def test_a_failed_click_shows_discords_notice(page: Page) -> None:
    message = panel(page)
    message.get_by_role("button", name="Break").click()
    expect(message).to_contain_text("This interaction failed")
    expect(message.get_by_role("button", name="Off")).to_be_disabled()


def test_a_multiple_select_menu_can_be_used_by_keyboard(page: Page, bot: Bot) -> None:
    message = panel(page)
    menu = message.get_by_role("combobox", name="Pick styles")
    menu.press("Enter")
    menu.press("Enter")
    menu.press("ArrowDown")
    menu.press("Enter")
    expect(menu).to_have_text("Oil, Ink")
    menu.press("Tab")
    expect(page.locator(".message").last).to_contain_text("You chose oil, ink")


def test_a_user_select_menu_sends_the_picked_user(page: Page) -> None:
    menu = panel(page).get_by_role("combobox", name="Pick a person")
    menu.click()
    page.get_by_role("option", name="Boris").click()
    expect(page.locator(".message").last).to_contain_text(f"You chose {BORIS}")


def test_message_and_user_commands_are_in_context_menus(page: Page, bot: Bot) -> None:
    message = panel(page)
    message.get_by_role("button", name="More").press("Enter")
    page.get_by_role("menuitem", name="Describe message").press("Enter")
    described = page.locator(".message").last
    expect(described).to_contain_text("Ada used Describe message")
    expect(described).to_contain_text("Describe message: ")
    target = bot.received("Describe message")[0]["data"]["target_id"]
    expect(described).to_contain_text(target)
    page.get_by_role("button", name="Boris").click(button="right")
    keep_screenshot(page, "context-menu")
    page.get_by_role("menuitem", name="Greet").click()
    expect(page.locator(".message").last).to_contain_text(f"Greet: {BORIS}")


def test_a_form_that_only_asks_is_answered_by_keyboard(page: Page, bot: Bot) -> None:
    bot.reply = lambda _payload: delete_form("1500000000000000000", "en")
    command(page, "form")
    form = page.get_by_role("dialog", name="Delete the pictures?")
    expect(form).to_contain_text("cannot be brought back")
    expect(form.get_by_role("button", name="Submit")).to_be_focused()
    assert serious_violations(page) == []
    bot.reply = lambda _payload: responses.ephemeral(answer_layouts.notice("Taken."))
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(page.locator(".message.ephemeral")).to_contain_text("Taken.")
