"""axe-core finds no serious violation on either page."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # no py.typed
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.application import Bot
from tests.e2e.browser import PHONE, WIDE
from tests.e2e.conftest import AS_DISCORD, Tabs
from tests.e2e.keyboard import command, composer, imagine

SERIOUS = ("serious", "critical")


def serious_violations(page: Page, part: str | None = None) -> list[str]:
    """The serious violations that axe-core finds on the page as it is now, or in a part of it."""
    found: list[dict[str, Any]] = Axe().run(page, part).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_channel_page_has_no_serious_violation(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    page = tabs.open(viewport=viewport)
    imagine(page, "a ||hidden|| `word`")
    expect(page.locator(".message").last).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Done", pictures=4)
    expect(page.get_by_role("button", name="Open picture")).to_have_count(4)
    command(page, "panel")
    expect(page.get_by_role("combobox", name="Pick styles")).to_be_visible()
    command(page, "whisper")
    expect(page.get_by_role("button", name="Dismiss message")).to_be_visible()
    page.get_by_role("button", name="Break").click()
    expect(page.get_by_text("This interaction failed").first).to_be_visible()
    assert serious_violations(page) == []


def test_pickers_forms_and_the_lightbox_have_no_serious_violation(page: Page, bot: Bot) -> None:
    imagine(page)
    expect(page.locator(".message").last).to_contain_text("Queued")
    bot.edit(bot.interaction("imagine"), "Done", pictures=2)
    composer(page, "/")
    expect(page.get_by_role("listbox")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.type("imagine ")
    page.keyboard.press("Enter")
    expect(page.locator(".pill.invalid")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open picture: Picture 1").click()
    expect(page.get_by_role("dialog", name="Picture")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    command(page, "form")
    expect(page.get_by_role("dialog", name="Describe the picture")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ada: switch accounts").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert serious_violations(page) == []
    page.get_by_role("button", name="Boris").click()
    expect(page.get_by_role("menuitem", name="Greet")).to_be_visible()
    assert serious_violations(page) == []


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_operations_page_has_no_serious_violation(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    imagine(tabs.open())
    page = tabs.open("/operations", viewport=viewport)
    expect(page.get_by_role("row", name="/imagine")).to_be_visible()
    page.get_by_role("row", name="/imagine").get_by_role("button").click()
    expect(page.get_by_role("list", name="Events")).to_be_visible()
    assert serious_violations(page) == []


def test_drawers_menus_and_notices_have_no_serious_violation(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open(viewport=PHONE)
    composer(page, "/redraw ")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".pill.invalid")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    composer(page, "/city zzz")
    expect(page.locator("#popup")).to_contain_text("knows nothing that matches")
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    bot.set_answer_seconds(AS_DISCORD)
    command(page, "silent")
    expect(page.locator(".message").last).to_contain_text("The application did not respond")
    assert serious_violations(page) == []
    page.get_by_role("button", name="Channels and accounts").click()
    expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Channels")).to_be_hidden()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_full_operations_page_has_no_serious_violation(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    def put(path: str, body: object) -> None:
        bot.http.put(f"{bot.url}/control{path}", json=body).raise_for_status()

    def post(path: str, body: object) -> None:
        bot.http.post(f"{bot.url}/control{path}", json=body).raise_for_status()

    task = {"id": "1f2e3d4c", "status": "RUNNING", "instance": "i-1", "reason": ""}
    stopped = {"id": "77aabbcc", "status": "STOPPED", "instance": None, "reason": "it crashed"}
    machine = {"id": "i-1", "status": "Pending", "type": "g4dn.xlarge", "spot": True}
    fleet = {"tasks": [task, stopped], "instances": [machine | {"joined": True, "draining": True}]}
    put("/fleet", fleet)
    put("/parts/emulator/down", {})
    put("/chaos", {"faults": {"slow": {"seconds": 0}, "server_error": {"probability": 0}}})
    for name in ("queue/waiting", "tasks/running", "alarm/task-shortfall", "alarm/dead-letters"):
        post("/series", {"name": name, "value": 1})
    post("/notes", {"text": "[ERROR] broken\n  ValueError: no"})
    page = tabs.open("/operations", viewport=viewport)
    expect(page.get_by_role("region", name="Workers")).to_be_visible()
    expect(page.get_by_text("The emulator is")).to_be_visible()
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()
    assert serious_violations(page) == []
