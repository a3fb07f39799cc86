"""The operations page on a slow machine or network: nothing is lost, or shown twice."""

from playwright.sync_api import Page, Response, expect

from tests.e2e.application import Bot
from tests.e2e.browser import Held, wait_for_frames
from tests.e2e.conftest import Tabs
from tests.e2e.operations import control, faults, report, send

_STREAM = """globalThis.SharedWorker = class {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    globalThis.stream = port2;
  }
};"""
"""A shared worker whose events are sent by the test."""
_CALL = """([id, path]) => {
  const data = { at: new Date().toISOString(), method: "GET", path, status: 200, took_ms: 1 };
  globalThis.stream.postMessage({ event: { name: "request", data, id } });
}"""
_LINE = {"at": "2026-01-02T03:04:05Z", "source": "worker", "level": "INFO"}


def call(bot: Bot) -> None:
    """Call Discord's API, which the page shows at once."""
    bot.http.get("/users/@me").raise_for_status()


def see_events(page: Page, bot: Bot) -> None:
    """Return once the page has every event until now: the last one is a call that it shows."""
    call(bot)
    expect(page.get_by_role("cell", name="GET /users/@me")).to_be_visible()
    wait_for_frames(page)


def opened(tabs: Tabs) -> Page:
    """The operations page, which follows the events."""
    page = tabs.open("/operations")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    return page


def test_a_row_that_changes_while_it_is_pressed_is_opened(tabs: Tabs, bot: Bot) -> None:
    interaction = send(bot)
    page = opened(tabs)
    page.get_by_role("row", name="/imagine").get_by_role("button").hover()
    page.mouse.down()
    report(bot, interaction, "queued", "leased")
    see_events(page, bot)
    page.mouse.up()
    expect(page.get_by_role("list", name="Events")).to_contain_text("leased")


def test_a_button_below_a_row_keeps_the_focus_when_the_row_changes(tabs: Tabs, bot: Bot) -> None:
    send(bot)
    page = opened(tabs)
    page.get_by_role("row", name="/imagine").get_by_role("button").click()
    again = page.get_by_role("button", name="Deliver again")
    again.press("Enter")
    expect(page.get_by_role("list", name="Events")).to_contain_text("redelivered")
    expect(again).to_be_focused()


def test_events_that_a_snapshot_holds_already_are_not_counted_again(tabs: Tabs, bot: Bot) -> None:
    call(bot)
    page = tabs.used.browser.new_context().new_page()
    page.add_init_script(_STREAM)
    tabs.watch(page, "/operations")
    traffic = page.locator("#traffic")
    expect(traffic).to_contain_text("/users/@me")
    calls = traffic.get_by_role("row")
    shown = calls.count()
    for event in ([1, "/before"], [10**9, "/after"], [10**9, "/after"]):
        page.evaluate(_CALL, event)
    expect(traffic).to_contain_text("/after")
    wait_for_frames(page)
    expect(calls).to_have_count(shown + 1)
    expect(traffic).not_to_contain_text("/before")


def test_what_is_reported_while_series_and_notes_are_loaded_is_shown_once(
    tabs: Tabs, bot: Bot
) -> None:
    control(bot, "POST", "/notes", {"text": "Known before"})
    page = tabs.used.take({"width": 1440, "height": 900})
    notes, series = Held(page, "**/control/notes"), Held(page, "**/control/series")
    tabs.watch(page, "/operations")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    [asked_notes], [asked_series] = notes.wait(), series.wait()
    old_notes, old_series = asked_notes.fetch(), asked_series.fetch()
    control(bot, "POST", "/notes", {"text": "Reported meanwhile"})
    control(bot, "POST", "/series", {"name": "tasks_running", "value": 1})
    see_events(page, bot)
    asked_notes.fulfill(response=old_notes)
    asked_series.fulfill(response=old_series)
    rows = page.get_by_role("region", name="What the fleet did last").locator("tbody tr")
    expect(rows).to_contain_text(["Reported meanwhile", "Known before"])
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def test_a_line_that_is_logged_while_the_log_is_loaded_is_shown(tabs: Tabs, bot: Bot) -> None:
    interaction = send(bot)
    page = opened(tabs)
    logs = Held(page, "**/control/logs/*")
    page.get_by_role("row", name="/imagine").get_by_role("button").click()
    [asked] = logs.wait()
    old = asked.fetch()
    control(bot, "POST", f"/logs/{interaction}", {"lines": [_LINE | {"text": "Just now"}]})
    see_events(page, bot)
    with page.expect_response("**/control/logs/*"):
        asked.fulfill(response=old)
    wait_for_frames(page)
    expect(page.get_by_role("region", name="Log").get_by_role("listitem")).to_have_count(1)


def test_a_switch_that_is_pressed_before_the_one_before_it_is_answered_stays_on(
    tabs: Tabs, bot: Bot
) -> None:
    page = opened(tabs)
    answers = list[Response]()
    page.on("response", lambda one: answers.append(one) if "/chaos" in one.url else None)
    plans = Held(page, "**/control/chaos")
    page.get_by_role("switch", name="Server errors").click()
    plans.wait()
    page.get_by_role("switch", name="Duplicate deliveries").click()
    wait_for_frames(page)
    while len(answers) < 2:
        plans.release_newest()
        page.wait_for_timeout(10)
    for fault in ("server_error", "duplicates"):
        expect(page.locator(f"[data-fault={fault}].on")).to_be_visible()
    assert set(faults(bot)) == {"server_error", "duplicates"}
