"""What pages see: a snapshot, the events after it, timelines, and what protects them."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from emulation.discord.browser_security import is_foreign
from tests.standin_rig import BORIS, PICTURES, Rig, running

pytestmark = pytest.mark.anyio


def names(rig: Rig) -> list[str]:
    """The names of the events so far."""
    return [event.name for event in rig.standin.events.kept()]


async def test_a_snapshot_holds_all_that_a_page_draws(rig: Rig) -> None:
    await rig.bot.put(rig.commands, json=[{"name": "imagine", "description": "d"}])
    await rig.opened(flags=64)
    shot = (await rig.http.get("/control/snapshot")).json()
    assert shot["commands"]["global"][0]["name"] == "imagine"
    assert len(shot["world"]["users"]) == 3
    [message] = shot["messages"][PICTURES]
    assert message["ephemeral_for"] == shot["world"]["default_user_id"]
    [interaction] = shot["interactions"]
    assert interaction["events"][0]["name"] == "created"
    assert shot["last_event_id"] == rig.standin.events.last_id
    assert shot["endpoint"]["url"]


async def test_every_change_is_an_event(rig: Rig) -> None:
    _, hook = await rig.opened()
    await rig.http.patch(f"{hook}/messages/@original", json={"content": "x"})
    await rig.http.delete(f"{hook}/messages/@original")
    await rig.bot.put(rig.commands, json=[])
    await rig.http.put("/control/chaos", json={})
    await rig.http.post("/control/probes")
    expected = {
        "interaction",
        "timeline",
        "message_created",
        "message_updated",
        "message_deleted",
        "commands",
        "chaos",
        "probe",
        "request",
    }
    assert expected <= set(names(rig))


async def read(rig: Rig, after: int | None, count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    stream = rig.standin.events.stream(after)
    found: list[dict[str, Any]] = []
    async for text in stream:
        if text.startswith("id:"):
            lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
            found.append(lines | {"data": json.loads(lines["data"])})
        if len(found) == count:
            break
    await stream.aclose()  # type: ignore[attr-defined] # an async generator
    return found


async def test_a_stream_resumes_where_it_was_left(rig: Rig) -> None:
    await rig.opened()
    last = rig.standin.events.last_id
    resumed = await read(rig, last - 2, 2)
    assert [int(one["id"]) for one in resumed] == [last - 1, last]


async def test_a_stream_that_missed_too_much_is_told_to_begin_anew(rig: Rig) -> None:
    for _ in range(5_100):
        rig.standin.events.publish("chaos", {})
    for too_long_ago in (3, 1_000_000):
        [event] = await read(rig, too_long_ago, 1)
        assert event["event"] == "reset"


async def test_what_another_part_of_the_rig_saw_joins_the_timeline(rig: Rig) -> None:
    interaction_id, _ = await rig.opened()
    entry = {"name": "leased", "at": rig.clock.now() - 60, "detail": {"worker": 1}}
    response = await rig.http.post(f"/control/timeline/{interaction_id}", json=entry)
    first = response.json()["events"][0]
    assert (first["name"], first["detail"]) == ("leased", {"worker": 1})
    for wrong in ({"name": "Not So"}, {"name": "x", "at": "later"}, {"name": "x", "more": 1}):
        refused = await rig.http.post(f"/control/timeline/{interaction_id}", json=wrong)
        assert refused.status_code == 400
    unknown = await rig.http.post("/control/timeline/1", json={"name": "x"})
    assert unknown.status_code == 404


async def test_a_reset_forgets_all_but_the_endpoint(rig: Rig) -> None:
    await rig.bot.put(rig.commands, json=[{"name": "imagine", "description": "d"}])
    await rig.send(command="imagine", user_id="1199999999999999999")
    await rig.http.post("/control/reset")
    shot = (await rig.http.get("/control/snapshot")).json()
    assert shot["interactions"] == []
    assert shot["commands"]["global"] == []
    assert len(shot["world"]["users"]) == 3
    assert shot["endpoint"]["url"]
    assert "reset" in names(rig)


async def test_the_recorder_saves_what_was_sent_without_its_token(tmp_path: Path) -> None:
    async with running(recordings_dir=tmp_path) as rig:
        await rig.send()
        on = await rig.http.post("/control/recorder", json={"on": True, "folder": "mine"})
        assert on.json()["folder"] == "mine"
        sent = await rig.send(command="../../imagine", user_id=BORIS)
        await rig.http.post("/control/recorder", json={"on": False})
        await rig.send()
        [saved] = (tmp_path / "mine").iterdir()
        assert saved.name == f"command-imagine-{sent['interaction_id']}.json"
        payload = json.loads(saved.read_text())
        assert payload["member"]["user"]["id"] == BORIS
        assert payload["token"] == "fixture-token"


@pytest.mark.parametrize("folder", ["../out", "/etc", "a/../../b", "x\x00y", ""])
async def test_the_recorder_saves_nowhere_else(tmp_path: Path, folder: str) -> None:
    async with running(recordings_dir=tmp_path / "inside") as rig:
        asked = {"on": True, "folder": folder}
        response = await rig.http.post("/control/recorder", json=asked)
        assert response.status_code == 400


async def test_pages_are_served_with_a_policy_that_allows_nothing_foreign(
    tmp_path: Path,
) -> None:
    (tmp_path / "index.html").write_text("<title>channel</title>")
    (tmp_path / "operations.html").write_text("<title>operations</title>")
    async with running(pages_dir=tmp_path) as rig:
        assert "channel" in (await rig.http.get("/")).text
        page = await rig.http.get("/operations")
        assert "operations" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_another_site_cannot_use_the_control_api_through_a_browser(rig: Rig) -> None:
    for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await rig.http.post("/control/reset", headers=headers)
        assert refused.status_code == 403
    own = await rig.http.post("/control/reset", headers={"Origin": "http://standin.test"})
    assert own.status_code == 200


def test_only_a_browser_on_a_page_of_ours_is_not_foreign() -> None:

    for foreign in (
        {"origin": "http://[::1", "host": "x"},
        {"origin": "null", "host": "x"},
        {"origin": "http://evil.test", "host": "evil.test"},
        {"sec-fetch-site": "same-origin", "host": "evil.test"},
    ):
        assert is_foreign(Headers(foreign), ["x"])
    for ours in (
        {"host": "evil.test"},
        {"origin": "http://x:5", "host": "x:5"},
        {"sec-fetch-site": "same-origin", "host": "x"},
    ):
        assert not is_foreign(Headers(ours), ["x"])
