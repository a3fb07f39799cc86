"""The channel page: a user sends commands and sees the responses."""

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.application import Bot
from tests.e2e.browser import PHONE, keep_screenshot
from tests.e2e.conftest import AS_DISCORD, BORIS, Tabs
from tests.e2e.keyboard import command, composer, imagine


def test_a_command_is_queued_then_edited_then_shows_its_pictures(page: Page, bot: Bot) -> None:
    imagine(page)
    message = page.locator(".message").last
    expect(message).to_contain_text("Ada used /imagine")
    expect(message).to_contain_text("Queued")
    [payload] = bot.received("imagine")
    bot.edit(payload, "> a red circle\n**Working…**")
    expect(message).to_contain_text("Working…")
    expect(message).to_contain_text("(edited)")
    bot.edit(payload, "> a red circle\n**4 pictures** · 64×64", pictures=4)
    expect(message.get_by_role("button", name="Open picture")).to_have_count(4)
    expect(message.get_by_role("img", name="Picture 4")).to_be_visible()
    keep_screenshot(page, "channel")


def test_the_lightbox_can_be_used_by_keyboard(page: Page, bot: Bot) -> None:
    imagine(page)
    message = page.locator(".message").last
    expect(message).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Done", pictures=4)
    message.get_by_role("button", name="Open picture: Picture 2").press("Enter")
    box = page.get_by_role("dialog", name="Picture")
    expect(box).to_contain_text("2 of 4")
    keep_screenshot(page, "lightbox")
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("img", name="Picture 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(message.get_by_role("button", name="Open picture: Picture 2")).to_be_focused()


def test_an_invalid_option_is_reported_before_anything_is_sent(page: Page, bot: Bot) -> None:
    composer(page, "/imagine ")
    expect(page.get_by_role("combobox", name="prompt")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".pill-error").first).to_have_text(
        "This option is required. Specify a value."
    )
    page.keyboard.type("a blue square")
    page.keyboard.press("Tab")
    page.keyboard.type("images")
    page.keyboard.press("Tab")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    images = page.get_by_role("combobox", name="images")
    expect(images).to_be_focused()
    expect(page.locator(".pill-error").last).to_have_text("Must be between 1 and 4.")
    keep_screenshot(page, "validation")
    assert bot.received("imagine") == []
    images.fill("2")
    page.keyboard.press("Enter")
    expect(page.locator(".message").last).to_contain_text("Queued")
    options = bot.interaction("imagine")["data"]["options"]
    assert {option["name"]: option["value"] for option in options} == {
        "prompt": "a blue square",
        "images": 2,
    }


def test_choices_are_picked_with_arrow_keys(page: Page, bot: Bot) -> None:
    composer(page, "/imagine a cat")
    page.keyboard.press("Tab")
    page.keyboard.type("sty")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="style")).to_have_value("Ink")
    page.keyboard.press("Enter")
    expect(page.locator(".message").last).to_contain_text("Queued")
    options = bot.interaction("imagine")["data"]["options"]
    assert {"name": "style", "type": 3, "value": "ink"} in options


def test_autocomplete_shows_the_applications_choices(page: Page, bot: Bot) -> None:
    composer(page, "/city be")
    options = page.locator("#popup").get_by_role("option")
    expect(options).to_have_text(["Bergen", "Berlin"])
    keep_screenshot(page, "autocomplete")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".message").last).to_contain_text("Berlin")


def test_commands_that_cannot_be_used_in_a_dm_are_not_offered(page: Page) -> None:
    composer(page, "/")
    expect(page.get_by_role("option", name="/guild-only")).to_be_visible()
    expect(page.get_by_role("option", name="/gallery show")).to_be_visible()
    keep_screenshot(page, "commands")
    page.get_by_role("button", name="Direct Messages").click()
    page.get_by_role("button", name="Commands").click()
    expect(page.get_by_role("option", name="/think")).to_be_visible()
    expect(page.get_by_role("option", name="/guild-only")).to_have_count(0)


def test_a_deferred_response_shows_thinking_until_it_is_edited(page: Page, bot: Bot) -> None:
    command(page, "think")
    message = page.locator(".message").last
    expect(message).to_contain_text("Diffusion is thinking…")
    keep_screenshot(page, "thinking")
    bot.edit(bot.interaction("think"), "It is 42.")
    expect(message).to_contain_text("It is 42.")


def test_an_unanswered_command_shows_discords_notice(page: Page, bot: Bot) -> None:
    bot.set_answer_seconds(AS_DISCORD)
    command(page, "silent")
    message = page.locator(".message").last
    expect(message).to_contain_text("Sending command…")
    expect(message).to_contain_text("The application did not respond")
    expect(message).to_contain_text("Only you can see this")
    keep_screenshot(page, "no-response")
    page.get_by_role("button", name="Dismiss message").click()
    expect(page.locator(".message")).to_have_count(0)


def test_an_ephemeral_answer_is_seen_by_its_user_alone(page: Page, tabs: Tabs) -> None:
    other = tabs.open(f"/#user={BORIS}")
    command(page, "whisper")
    expect(page.locator(".message")).to_contain_text("Only for you.")
    expect(page.locator(".message")).to_contain_text("Only you can see this · Dismiss message")
    command(other, "gallery show")
    expect(other.locator(".message").last).to_contain_text("Collection: show")
    expect(other.locator(".message")).to_have_count(1)
    expect(page.locator(".message")).to_have_count(2)


def test_two_tabs_show_the_same_messages(page: Page, bot: Bot) -> None:
    other = page.context.new_page()
    other.goto(bot.url + f"/#user={BORIS}")
    expect(other.get_by_role("button", name="Boris: switch accounts")).to_be_visible()
    imagine(page, "two tabs")
    for tab in (page, other):
        expect(tab.locator(".message").last).to_contain_text("Ada used /imagine")
        expect(tab.locator(".message").last).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Done", pictures=2)
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Open picture")).to_have_count(2)


def test_user_text_never_becomes_markup(page: Page) -> None:
    imagine(page, "<img src=x onerror=alert(1)> **bold** `code` ||hidden||")
    content = page.locator(".message-content").last
    expect(content).to_contain_text("<img src=x onerror=alert(1)> bold code hidden")
    expect(content.locator("strong").first).to_have_text("bold")
    expect(content.locator("img")).to_have_count(0)


def test_a_user_switches_accounts_and_channels_by_keyboard(page: Page, bot: Bot) -> None:
    page.get_by_role("button", name="Ada: switch accounts").press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Boris: switch accounts")).to_be_focused()
    page.get_by_role("button", name="after-dark, age-restricted").press("Enter")
    imagine(page)
    expect(page.locator(".message").last).to_contain_text("Boris used /imagine")
    expect(page.locator(".message").last).to_contain_text("Queued")
    payload = bot.interaction("imagine")
    assert payload["member"]["user"]["id"] == BORIS
    assert payload["channel"]["nsfw"] is True


def test_a_dm_that_did_not_exist_opens_with_its_first_command(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open(f"/#user={BORIS}&channel=dm")
    imagine(page)
    expect(page.locator(".message").last).to_contain_text("Queued")
    assert "member" not in bot.interaction("imagine")


def test_the_page_works_at_a_phones_width(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open(viewport=PHONE, has_touch=True, is_mobile=True)
    drawer = page.get_by_role("navigation", name="Channels")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Channels and accounts").click()
    expect(drawer).to_be_visible()
    keep_screenshot(page, "phone-drawer")
    page.get_by_role("button", name="pictures", exact=True).click()
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Commands").tap()
    page.get_by_role("option", name="/imagine").tap()
    # The browser makes a click of a tap when it knows that it is no other gesture.
    expect(page.get_by_role("combobox", name="prompt")).to_be_focused()
    page.keyboard.type("a red circle over a blue square")
    page.get_by_role("button", name="Send").tap()
    message = page.locator(".message").last
    expect(message).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Done", pictures=4)
    expect(message.get_by_role("img", name="Picture 4")).to_be_visible()
    keep_screenshot(page, "phone")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


def test_more_tabs_than_a_browser_has_connections_are_all_live(page: Page, bot: Bot) -> None:
    others = [page.context.new_page() for _ in range(7)]
    for other in others:
        other.goto(bot.url)
        expect(other.get_by_role("heading", name="pictures")).to_be_visible()
    imagine(page)
    for tab in (page, *others):
        expect(tab.locator(".message").last).to_contain_text("Queued")


def test_a_page_redraws_itself_after_a_reset(page: Page, bot: Bot) -> None:
    command(page, "panel")
    expect(page.locator(".message").last).to_contain_text("Choose.")
    httpx.post(f"{bot.url}/control/reset", trust_env=False).raise_for_status()
    expect(page.locator(".message")).to_have_count(0)
    bot.register()
    imagine(page)
    expect(page.locator(".message").last).to_contain_text("Queued")
