"""The operations page: live timelines, series and notes, and the chaos switches."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from emulation.rig.waiting import wait_until
from tests.e2e.application import Bot
from tests.e2e.browser import PHONE, WIDE, Held, keep_screenshot
from tests.e2e.conftest import ADA, AS_DISCORD, Tabs
from tests.e2e.operations import WORKER, control, faults, report, send
from tests.e2e.test_accessibility import serious_violations

WIDTHS = (390, 700, 900, 1280, 1700)
TRACEBACK = 'Traceback (most recent call last):\n  File "draw.py", line 12\nRuntimeError: broken'


def number(page: Page, title: str) -> Locator:
    """A number of the summary."""
    tile = page.locator(".number").filter(has=page.get_by_text(title, exact=True))
    return tile.locator(".number-value")


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
    bot.edit(bot.interaction("imagine"), "Done", pictures=4)
    expect(events).to_contain_text("uploaded")
    report(bot, interaction, "finished")
    expect(row).to_contain_text("pictures")
    expect(number(page, "Time to pictures")).not_to_have_text("–")
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


def test_nothing_can_be_clicked_before_the_page_is_drawn(tabs: Tabs) -> None:
    """The switch would move under the pointer, and the click be lost."""
    page = tabs.used.take(WIDE)
    snapshot = Held(page, "**/control/snapshot")
    tabs.watch(page, "/operations")
    main = page.get_by_role("main", include_hidden=True)
    expect(main).to_have_js_property("inert", True)
    snapshot.release()
    expect(main).to_have_js_property("inert", False)
    page.get_by_role("switch", name="Server errors").click()
    expect(page.locator("[data-fault=server_error].on")).to_be_visible()


def test_chaos_is_switched_on_with_its_parameters_and_off_again(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    page.get_by_role("switch", name="Server errors").click()
    settings = page.get_by_role("group", name="Server errors: settings")
    settings.get_by_label("odds, %").fill("25")
    settings.get_by_label("status").fill("502")
    with page.expect_response(
        lambda response: '"status":502' in (response.request.post_data or "")
    ):
        settings.get_by_label("status").press("Tab")
    expect(page.locator("[data-fault=server_error].on")).to_be_visible()

    assert faults(bot)["server_error"]["probability"] == 0.25
    assert faults(bot)["server_error"]["status"] == 502
    control(bot, "PUT", "/chaos", {"faults": {"slow": {"seconds": 2}}})
    expect(page.get_by_role("switch", name="Slow answers")).to_be_checked()
    expect(page.get_by_role("switch", name="Server errors")).not_to_be_checked()
    with page.expect_response("**/control/chaos"):
        page.get_by_role("button", name="All off").click()
    expect(page.get_by_role("switch", name="Slow answers")).not_to_be_checked()
    assert faults(bot) == {}


def test_experiments_are_started_and_stopped_by_the_rig(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    title = page.get_by_role("heading", name="Experiments on AWS")
    expect(title).to_be_hidden()
    known = [{"name": "throttled-calls", "title": "Throttled AWS", "description": "Of all calls"}]
    report: dict[str, object] = {"known": known, "experiments": []}
    control(bot, "PUT", "/experiments", report)
    expect(title).to_be_visible()
    with page.expect_response("**/control/experiments/wishes"):
        page.get_by_role("button", name="Start: Throttled AWS").click()
    wish = {"start": "throttled-calls", "stop": ""}
    assert control(bot, "DELETE", "/experiments/wishes", {}) == {"wishes": [wish]}
    running = {"id": "EXP1", "title": "Throttled AWS", "state": "running", "reason": "Struck: 7."}
    control(bot, "PUT", "/experiments", report | {"experiments": [running]})
    expect(page.get_by_text("1 running")).to_be_visible()
    expect(page.get_by_text("Struck: 7.")).to_be_visible()
    assert serious_violations(page) == []
    with page.expect_response("**/control/experiments/wishes"):
        page.get_by_role("button", name="Stop: Throttled AWS").click()
    assert control(bot, "DELETE", "/experiments/wishes", {}) == {
        "wishes": [{"start": "", "stop": "EXP1"}]
    }
    stopped = running | {"state": "stopped"}
    control(bot, "PUT", "/experiments", report | {"experiments": [stopped], "error": "Refused"})
    expect(page.get_by_role("button", name="Stop: Throttled AWS")).to_be_hidden()
    expect(page.get_by_role("alert").filter(has_text="Refused")).to_be_visible()


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
    bot.set_answer_seconds(AS_DISCORD)
    send(bot, command="silent", options={})
    send(bot, command="panel", options={})
    page = tabs.open("/operations")
    row = page.get_by_role("row", name="/silent")
    expect(row).to_contain_text("timeout")
    row.get_by_role("button").click()
    expect(page.get_by_text("The application did not respond").first).to_be_visible()
    expect(number(page, "Failed")).to_have_text("1")
    keep_screenshot(page, "operations")


def test_details_can_be_read_at_any_width(tabs: Tabs, bot: Bot) -> None:
    interaction = send(bot)
    report(bot, interaction, "queued", "leased", "generating", "worker_lost", "leased", "failed")
    page = tabs.open("/operations")
    page.get_by_role("row", name="/imagine").get_by_role("button").click()
    events = page.get_by_role("list", name="Events")
    expect(events.get_by_role("listitem")).to_have_count(9)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for text in events.locator(".event-label, .detail, code").all():
            box = text.bounding_box()
            assert box is not None
            # A text of some words needs the width of some words, else its lines are letters.
            assert box["width"] >= 50, text.inner_text()
            assert box["height"] <= 45, text.inner_text()
            assert box["x"] + box["width"] <= width
        keep_screenshot(page, f"operations-details-{width}")


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE], ids=["wide", "phone"])
def test_a_failed_job_is_red_and_says_who_worked_on_it_and_what_was_logged(
    tabs: Tabs, bot: Bot, viewport: dict[str, int]
) -> None:
    interaction = send(bot)
    report(bot, interaction, "queued", "leased", "generating")
    lines = [
        {"at": "2026-01-02T03:04:05Z", "source": "interactions", "level": "INFO", "text": "Queued"}
    ]
    control(bot, "POST", f"/logs/{interaction}", {"lines": lines})
    page = tabs.open("/operations", viewport=viewport)
    row = page.get_by_role("row", name="/imagine")
    row.get_by_role("button").click()
    log = page.get_by_role("region", name="Log")
    expect(log).to_contain_text("Queued")
    details = page.locator(".details")
    expect(details).to_contain_text("Worked on by task 1f2e3d4c on instance i-0123456789abcdef0")
    error = {"at": "2026-01-02T03:04:06Z", "source": "worker-1f2e3d4c", "level": "ERROR"}
    error |= {"text": "The job failed outcome=failed", "trace": TRACEBACK}
    control(bot, "POST", f"/logs/{interaction}", {"lines": [error]})
    expect(log.get_by_role("region", name="Traceback")).to_contain_text("RuntimeError: broken")
    report(bot, interaction, "failed")
    expect(row.locator(".outcome.bad")).to_have_text("failed")
    expect(page.locator(".number.bad")).to_contain_text("Failed")
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    expect(details).to_have_count(0)
    expect(row.get_by_role("button")).to_be_focused()


def test_labels_say_what_goes_on(tabs: Tabs, bot: Bot) -> None:
    interaction = send(bot)
    page = tabs.open("/operations")
    row = page.get_by_role("row", name="/imagine")
    outcome, bar = row.locator(".outcome"), row.get_by_role("img")
    report(bot, interaction, "queued")
    # Progress in the queue is shown by an edit, while nobody draws.
    bot.edit(bot.interaction("imagine"), "**2nd in the queue**")
    expect(bar).to_have_accessible_name(re.compile("Waited for a worker"))
    expect(outcome).to_have_text("waiting")
    expect(page.locator("#numbers")).to_contain_text("1 waiting · 0 being drawn")
    report(bot, interaction, "leased", "generating")
    expect(outcome).to_have_text("drawing")
    expect(page.locator("#numbers")).to_contain_text("0 waiting · 1 being drawn")
    # A sketch is no picture yet.
    bot.edit(bot.interaction("imagine"), "**Drawing…**", pictures=1)
    expect(row).to_have_attribute("data-id", interaction)
    expect(outcome).to_have_text("drawing")
    report(bot, interaction, "worker_lost")
    expect(outcome).to_have_text("waiting")
    report(bot, interaction, "leased", "generating", "finished")
    expect(outcome).to_have_text("pictures")
    expect(page.locator("#numbers")).to_contain_text("0 waiting · 0 being drawn")


def test_workers_and_machines_are_listed_with_what_they_do(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.locator("#machines")).to_be_hidden()
    instance = WORKER["instance"]
    task = {"id": "1f2e3d4c5b6a", "status": "RUNNING", "instance": instance, "reason": ""}
    machine = {"id": instance, "status": "InService", "type": "g4dn.xlarge", "spot": True}
    fleet = {"tasks": [task], "instances": [machine | {"joined": True, "draining": False}]}
    control(bot, "PUT", "/fleet", dict(fleet))
    workers = page.get_by_role("region", name="Workers")
    expect(workers.get_by_role("listitem")).to_contain_text("waits for jobs")
    report(bot, send(bot), "queued", "leased", "generating")
    expect(workers.get_by_role("listitem")).to_contain_text("drawing /imagine prompt: a red circle")
    machines = page.get_by_role("region", name="Machines").get_by_role("listitem")
    expect(machines).to_contain_text("runs 1f2e3d4c")
    expect(machines).to_contain_text("g4dn.xlarge, Spot")


def test_an_emulator_that_died_is_red(tabs: Tabs, bot: Bot) -> None:
    page = tabs.open("/operations")
    part = page.locator("[data-part=emulator]")
    for condition, text in (("up", "The emulator runs"), ("down", "The emulator is down")):

        def is_shown(condition: str = condition, text: str = text) -> bool:
            control(bot, "PUT", f"/parts/emulator/{condition}", {})
            return part.all_inner_texts() == [text]

        # The rig repeats its reports: after three seconds without one the part counts as silent.
        wait_until(is_shown, text, 15)
    expect(part).to_have_class(re.compile(r"\bbad\b"))
    # Nobody reports any more, which is as bad.
    expect(part).to_have_text("The emulator is not watched any more")


def test_counts_are_those_since_the_start_of_the_stack(tabs: Tabs, bot: Bot) -> None:
    for _ in range(3):
        send(bot, command="whisper", options={})
    report(bot, send(bot), "queued", "leased", "failed")
    page = tabs.open("/operations")
    expect(page.locator("#since")).to_contain_text("Counted since")
    expect(number(page, "Interactions")).to_have_text("4")
    expect(number(page, "Failed")).to_have_text("1")
    expect(page.get_by_role("cell", name="PUT /applications").first).to_be_visible()
    expect(number(page, "API calls")).not_to_have_text("0")
    calls = int(number(page, "API calls").inner_text())
    bot.edit(bot.interaction("imagine"), "Again")
    expect(page.locator("#traffic-sum")).to_have_text(f"{calls + 1} since the start")
