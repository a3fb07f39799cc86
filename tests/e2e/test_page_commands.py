"""Commands in the channel page: names, permissions, mentions, and what Escape does."""

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.application import Bot
from tests.e2e.browser import PHONE, WIDE, Held, keep_screenshot
from tests.e2e.conftest import BORIS, Tabs
from tests.e2e.keyboard import command, composer
from tests.e2e.test_accessibility import serious_violations
from toolchain.layout import Layout


def test_commands_options_and_choices_have_names_of_the_users_language(
    tabs: Tabs, bot: Bot
) -> None:
    page = tabs.open(f"/#user={BORIS}")
    composer(page, "/nach")
    expect(page.get_by_role("option", name="/nachzeichnen")).to_contain_text(
        "Zeichnet ein Bild noch einmal"
    )
    page.keyboard.press("Enter")
    expect(page.get_by_label("bild", exact=False)).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_label("Language").select_option("en-US")
    composer(page, "/redr")
    expect(page.get_by_role("option", name="/redraw")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Language").select_option("ja")
    page.get_by_role("combobox", name="Message").fill("")
    command(page, "whisper")
    expect(page.locator(".message")).to_contain_text("Only for you.")
    assert bot.interaction("whisper")["locale"] == "ja"
    page.reload()
    expect(page.get_by_label("Language")).to_have_value("ja")


def test_commands_that_need_a_permission_are_shown_to_those_who_have_it(
    page: Page, tabs: Tabs
) -> None:
    composer(page, "/set")
    expect(page.get_by_role("option", name="/settings")).to_be_visible()
    other = tabs.open(f"/#user={BORIS}")
    composer(other, "/")
    expect(other.get_by_role("option", name="/think")).to_be_visible()
    expect(other.get_by_role("option", name="/settings")).to_have_count(0)


def test_a_click_on_the_mention_of_a_command_begins_it(page: Page, bot: Bot) -> None:
    bot.reply = lambda _payload: {"type": 4, "data": {"content": "Try </gallery show:12>."}}
    command(page, "panel")
    mention = page.get_by_role("button", name="/gallery show")
    mention.click()
    expect(page.get_by_role("group", name="/gallery show")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_have_count(2)
    assert bot.interaction("gallery")["data"]["options"][0]["name"] == "show"


def test_autocomplete_says_why_it_has_nothing(page: Page, bot: Bot) -> None:
    composer(page, "/city xyz")
    popup = page.locator("#popup")
    expect(popup).to_contain_text("Diffusion knows nothing that matches “xyz”")
    bot.reply = lambda _payload: {"type": 8, "data": {"choices": []}}
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Backspace")
    expect(popup).to_contain_text("Diffusion has nothing to suggest")
    bot.reply = lambda _payload: 500
    page.keyboard.type("Be")
    expect(popup).to_contain_text("no suggestions: ")


def test_escape_closes_what_is_open_wherever_the_focus_is(page: Page) -> None:
    blur = "document.activeElement.blur()"
    composer(page, "/imagine ")
    draft = page.get_by_role("group", name="/imagine")
    expect(draft).to_be_visible()
    page.evaluate(blur)
    page.keyboard.press("Escape")
    expect(draft).to_have_count(0)
    page.get_by_role("button", name="Ada: switch accounts").click()
    menu = page.get_by_role("menu", name="Switch accounts")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Boris").click()
    expect(page.get_by_role("menuitem", name="Greet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem", name="Greet")).to_be_hidden()
    page.get_by_role("button", name="Commands").click()
    expect(page.locator("#popup")).to_be_visible()
    page.evaluate(blur)
    page.keyboard.press("Escape")
    expect(page.locator("#popup")).to_be_hidden()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_empty_channel_has_three_prompts_to_click_on(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    page = tabs.open(viewport=viewport)
    prompts = page.get_by_role("group", name="Prompts to try").get_by_role("button")
    expect(prompts).to_have_count(3)
    keep_screenshot(page, f"empty-{viewport['width']}")
    assert serious_violations(page) == []
    shown = prompts.nth(1).inner_text()
    prompts.nth(1).click()
    expect(page.locator(".message").last).to_contain_text("Queued")
    [option] = bot.interaction("imagine")["data"]["options"]
    assert shown.endswith(option["value"])
    expect(prompts).to_have_count(0)


def test_the_title_names_the_folder_of_the_checkout(page: Page) -> None:
    expect(page).to_have_title(
        f"#pictures · {Layout.of_this_checkout().root.name} · stand-in for Discord"
    )


def test_what_is_typed_before_the_page_has_loaded_is_answered(browser: Browser, bot: Bot) -> None:
    page = browser.new_context(viewport=WIDE).new_page()
    snapshot = Held(page, "**/control/snapshot")
    page.goto(bot.url)
    page.locator("#composer-text").press("/")
    expect(page.locator("#popup")).to_contain_text("loading…")
    snapshot.release()
    expect(page.get_by_role("option", name="/imagine")).to_be_visible()
    page.context.close()


def test_a_command_that_is_sent_before_the_page_has_loaded_is_sent(
    browser: Browser, bot: Bot
) -> None:
    page = browser.new_context(viewport=WIDE).new_page()
    snapshot = Held(page, "**/control/snapshot")
    page.goto(bot.url)
    page.locator("#composer-text").press_sequentially("/form ")
    page.keyboard.press("Enter")
    expect(page.locator("#popup")).to_contain_text("loading…")
    expect(page.locator("#composer-hint")).to_be_empty()
    snapshot.release()
    expect(page.get_by_role("dialog", name="Describe the picture")).to_be_visible()
    page.context.close()
