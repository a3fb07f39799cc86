"""The operations page: live timelines, series and notes, and the chaos switches."""

import time

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.application import Bot
from tests.e2e.browser import keep_screenshot
from tests.e2e.conftest import ADA, Tabs


def send(bot: Bot, **action: object) -> str:
    """Send a command without the page; return the interaction's id."""
    body = {"command": "imagine", "options": {"prompt": "a red circle"}} | action
    response = httpx.post(f"{bot.url}/control/interactions", json=body, trust_env=False, timeout=10)
    interaction: str = response.json()["interaction_id"]
    return interaction


def control(bot: Bot, method: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """Use the control API."""
    response = httpx.request(method, f"{bot.url}/control{path}", json=body, trust_env=False)
    response.raise_for_status()
    result: dict[str, object] = response.json()
    return result


def number(page: Page, title: str) -> str:
    """A number of the summary."""
    tile = page.locator(".number").filter(has=page.get_by_text(title, exact=True))
    return tile.locator(".number-value").inner_text()


def test_a_timeline_grows_while_the_page_is_open(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    interaction = send(bot)
    row = page.get_by_role("row", name="/imagine")
    expect(row).to_contain_text("prompt: a red circle")
    expect(row).to_contain_text("answered")
    row.get_by_role("button").press("Enter")
    events = page.get_by_role("list", name="Events")
    expect(events.get_by_role("listitem")).to_have_count(3)
    control(bot, "POST", f"/timeline/{interaction}", {"name": "leased", "detail": {"worker": 1}})
    expect(events).to_contain_text("worker 1")
    bot.edit(bot.received("imagine")[0], "Done", pictures=4)
    expect(events).to_contain_text("uploaded")
    expect(row).to_contain_text("pictures")
    assert number(page, "Time to pictures") != "–"
    expect(page.get_by_role("cell", name="PATCH /webhooks").first).to_be_visible()


def test_deliveries_are_repeated_and_tokens_expired_from_the_page(tabs: Tabs, bot: Bot) -> None:
    send(bot)
    page = tabs.open("/operations")
    page.get_by_role("row", name="/imagine").get_by_role("button").click()
    page.get_by_role("button", name="Deliver again").click()
    events = page.get_by_role("list", name="Events")
    expect(events).to_contain_text("redelivered")
    page.get_by_role("button", name="Expire its token").click()
    expect(events).to_contain_text("token_expired")
    assert len(bot.received("imagine")) == 2


def test_chaos_is_switched_on_with_its_parameters_and_off_again(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    page.get_by_role("switch", name="Server errors").click()
    settings = page.get_by_role("group", name="Server errors: settings")
    settings.get_by_label("odds, %").fill("25")
    settings.get_by_label("status").fill("502")
    settings.get_by_label("status").press("Tab")
    expect(page.locator("[data-fault=server_error].on")).to_be_visible()

    def faults() -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = httpx.get(
            f"{bot.url}/control/chaos", trust_env=False
        ).json()["faults"]
        return found

    page.wait_for_function(
        "async () => (await (await fetch('/control/chaos')).json())"
        ".faults.server_error?.status === 502"
    )
    assert faults()["server_error"]["probability"] == 0.25
    control(bot, "PUT", "/chaos", {"faults": {"slow": {"seconds": 2}}})
    expect(page.get_by_role("switch", name="Slow answers")).to_be_checked()
    expect(page.get_by_role("switch", name="Server errors")).not_to_be_checked()
    page.get_by_role("button", name="All off").click()
    expect(page.get_by_role("switch", name="Slow answers")).not_to_be_checked()
    assert faults() == {}


def test_series_of_the_rig_get_panels_of_their_own(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_role("heading", name="Tasks")).to_have_count(0)
    now = time.time()
    for name, values in {
        "queue_depth": (0, 6, 4, 3, 1, 0),
        "tasks_desired": (0, 1, 2, 2, 1, 1),
        "tasks_running": (0, 0, 1, 2, 2, 1),
        "instances_in_service": (0, 1, 1, 2, 2, 1),
        "alarm/backlog-high": (0, 1, 1, 0, 0, 0),
    }.items():
        for index, value in enumerate(values):
            body = {"name": name, "value": value, "at": now - 500 + 80 * index}
            control(bot, "POST", "/series", dict(body))
    for title in ("Queue", "Tasks", "Instances", "Alarms"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_text("backlog-high")).to_be_visible()


def test_notes_of_the_fleet_are_listed_newest_first(tabs: Tabs, bot: Bot) -> None:
    control(bot, "POST", "/notes", {"text": "Desired count is 1", "at": time.time() - 2})
    page = tabs.open("/operations")
    notes = page.get_by_role("region", name="What the fleet did last").get_by_role("row")
    expect(notes).to_have_count(2)
    control(bot, "POST", "/notes", {"text": "Task 1f2e3d4c is RUNNING"})
    expect(notes.nth(1)).to_contain_text("1f2e3d4c is RUNNING")
    expect(notes.nth(2)).to_contain_text("Desired count is 1")


def test_a_failed_interaction_is_counted_and_explained(tabs: Tabs, bot: Bot) -> None:
    for prompt, user in (("two yellow stars", ADA), ("a green ring", "1100000000000000003")):
        send(bot, options={"prompt": prompt}, user_id=user)
        bot.edit(bot.payloads[-1], "**Working on it…**")
        bot.edit(bot.payloads[-1], "Done", pictures=2)
    send(bot, command="silent", options={})
    send(bot, command="panel", options={})
    page = tabs.open("/operations")
    row = page.get_by_role("row", name="/silent")
    expect(row).to_contain_text("timeout")
    row.get_by_role("button").click()
    expect(page.get_by_text("The application did not respond").first).to_be_visible()
    assert number(page, "Failed") == "1"
    keep_screenshot(page, "operations")
