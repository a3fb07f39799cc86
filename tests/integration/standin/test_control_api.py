"""The control API for pages: snapshot, events, timelines, recorder, and its protection."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.standin_in_process import (
    BORIS,
    PICTURES,
    StandIn,
    running,
)

pytestmark = pytest.mark.anyio


def event_names(standin: StandIn) -> list[str]:
    """The names of the events so far."""
    return [event.name for event in standin.backend.events.latest]


async def test_a_snapshot_holds_the_state_that_pages_draw(standin: StandIn) -> None:
    await standin.bot.put(standin.commands, json=[{"name": "imagine", "description": "d"}])
    await standin.answered_interaction(flags=64)
    snapshot = (await standin.http.get("/control/snapshot")).json()
    assert snapshot["commands"]["global"][0]["name"] == "imagine"
    assert len(snapshot["directory"]["users"]) == 3
    [message] = snapshot["messages"][PICTURES]
    assert message["ephemeral_for"] == snapshot["directory"]["default_user_id"]
    [interaction] = snapshot["interactions"]
    assert interaction["events"][0]["name"] == "created"
    assert snapshot["last_event_id"] == standin.backend.events.last_id
    assert snapshot["endpoint"]["url"]


async def test_every_change_is_published_as_an_event(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    await standin.http.patch(f"{hook}/messages/@original", json={"content": "x"})
    await standin.http.delete(f"{hook}/messages/@original")
    await standin.bot.put(standin.commands, json=[])
    await standin.http.put("/control/chaos", json={})
    await standin.http.post("/control/probes")
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
    assert expected <= set(event_names(standin))


async def read_events(standin: StandIn, after: int | None, count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    stream = standin.backend.events.stream(after)
    found: list[dict[str, Any]] = []
    async for text in stream:
        if text.startswith("id:"):
            lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
            found.append(lines | {"data": json.loads(lines["data"])})
        if len(found) == count:
            break
    await stream.aclose()  # type: ignore[attr-defined] # an async generator
    return found


async def test_an_event_stream_resumes_after_the_last_event(standin: StandIn) -> None:
    await standin.answered_interaction()
    last = standin.backend.events.last_id
    resumed = await read_events(standin, last - 2, 2)
    assert [int(event["id"]) for event in resumed] == [last - 1, last]


async def test_an_event_stream_that_missed_too_much_gets_reset(standin: StandIn) -> None:
    for _ in range(5_100):
        standin.backend.events.publish("chaos", {})
    for too_long_ago in (3, 1_000_000):
        [event] = await read_events(standin, too_long_ago, 1)
        assert event["event"] == "reset"


async def test_an_event_of_another_part_of_the_rig_joins_the_timeline(standin: StandIn) -> None:
    interaction_id, _ = await standin.answered_interaction()
    entry = {"name": "leased", "at": standin.clock.now() - 60, "detail": {"worker": 1}}
    response = await standin.http.post(f"/control/timeline/{interaction_id}", json=entry)
    first = response.json()["events"][0]
    assert (first["name"], first["detail"]) == ("leased", {"worker": 1})
    for wrong in ({"name": "Not So"}, {"name": "x", "at": "later"}, {"name": "x", "more": 1}):
        refused = await standin.http.post(f"/control/timeline/{interaction_id}", json=wrong)
        assert refused.status_code == 400
    unknown = await standin.http.post("/control/timeline/1", json={"name": "x"})
    assert unknown.status_code == 404


async def test_a_reset_deletes_everything_but_the_endpoint(standin: StandIn) -> None:
    await standin.bot.put(standin.commands, json=[{"name": "imagine", "description": "d"}])
    await standin.send(command="imagine", user_id="1199999999999999999")
    await standin.http.post("/control/reset")
    snapshot = (await standin.http.get("/control/snapshot")).json()
    assert snapshot["interactions"] == []
    assert snapshot["commands"]["global"] == []
    assert len(snapshot["directory"]["users"]) == 3
    assert snapshot["endpoint"]["url"]
    assert "reset" in event_names(standin)


async def test_the_recorder_saves_what_was_sent_without_its_token(tmp_path: Path) -> None:
    async with running(recordings_dir=tmp_path) as standin:
        await standin.send()
        on = await standin.http.post("/control/recorder", json={"on": True, "folder": "mine"})
        assert on.json()["folder"] == "mine"
        sent = await standin.send(command="../../imagine", user_id=BORIS)
        await standin.http.post("/control/recorder", json={"on": False})
        await standin.send()
        [saved] = (tmp_path / "mine").iterdir()
        assert saved.name == f"command-imagine-{sent['interaction_id']}.json"
        payload = json.loads(saved.read_text())
        assert payload["member"]["user"]["id"] == BORIS
        assert payload["token"] == "fixture-token"


@pytest.mark.parametrize("folder", ["../out", "/etc", "a/../../b", "x\x00y", ""])
async def test_the_recorder_refuses_folders_outside_the_recordings_folder(
    tmp_path: Path, folder: str
) -> None:
    async with running(recordings_dir=tmp_path / "inside") as standin:
        body = {"on": True, "folder": folder}
        response = await standin.http.post("/control/recorder", json=body)
        assert response.status_code == 400


async def test_pages_are_served_with_a_policy_that_allows_no_other_host(
    tmp_path: Path,
) -> None:
    (tmp_path / "index.html").write_text("<title>channel</title>")
    (tmp_path / "operations.html").write_text("<title>operations</title>")
    async with running(pages_dir=tmp_path) as standin:
        assert "channel" in (await standin.http.get("/")).text
        page = await standin.http.get("/operations")
        assert "operations" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


PATHS = (
    *("/", "/operations", "/healthz", "/js/channel/main.js", "/no/such/page"),
    *(
        "/control/snapshot",
        "/control/events?after=0",
        "/api/v10/users/@me",
        "/attachments/1/2/a.png",
    ),
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: "{}={}".format(*next(iter(headers.items()))),
)
async def test_nothing_is_served_to_pages_of_another_origin(
    standin: StandIn, path: str, headers: dict[str, str]
) -> None:
    refused = await standin.bot.get(path, headers=headers)
    assert refused.status_code == 403
    assert "pictures" not in refused.text


async def test_a_page_of_another_origin_changes_nothing(standin: StandIn) -> None:
    await standin.answered_interaction()
    before = (await standin.http.get("/control/snapshot")).json()["messages"]
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example:8700"}):
        refused = await standin.http.post("/control/reset", headers=headers)
        assert refused.status_code == 403
    assert (await standin.http.get("/control/snapshot")).json()["messages"] == before
    own = await standin.http.post("/control/reset", headers={"Origin": "http://standin.test"})
    assert own.status_code == 200


async def test_an_interaction_of_another_discord_is_shown_and_not_delivered(
    standin: StandIn,
) -> None:
    seen = {"id": "1500000000000000123", "type": 2, "user_id": "7", "channel_id": "8"}
    for status in (201, 200):
        answer = await standin.http.post("/control/observed", json=seen)
        assert answer.status_code == status, answer.text
    assert standin.application.payloads == []
    path = f"/control/observed/{seen['id']}/outcome"
    ended = {"outcome": "error", "error": "the endpoint was late"}
    assert (await standin.http.post(path, json=ended)).status_code == 200
    [listed] = (await standin.http.get("/control/interactions")).json()
    assert (listed["outcome"], listed["deliveries"]) == ("error", 2)
    assert listed["error"] == "the endpoint was late"
    unknown = await standin.http.post("/control/observed/5/outcome", json=ended)
    assert unknown.status_code == 404


async def test_an_interaction_of_the_stand_ins_own_is_not_ended_from_outside(
    standin: StandIn,
) -> None:
    sent = (await standin.http.post("/control/interactions", json={"command": "imagine"})).json()
    path = f"/control/observed/{sent['interaction_id']}/outcome"
    ended = await standin.http.post(path, json={"outcome": "error"})
    assert ended.json()["outcome"] == sent["outcome"]


async def test_wishes_for_experiments_are_taken_once_and_only_where_a_rig_takes_part(
    standin: StandIn,
) -> None:
    path = "/control/experiments"
    wish = {"start": "throttled-calls", "stop": ""}
    refused = await standin.http.post(f"{path}/wishes", json=wish)
    assert refused.status_code == 409
    known = [{"name": "throttled-calls", "title": "Throttled AWS", "description": ""}]
    report = {"known": known, "experiments": []}
    shown = (await standin.http.put(path, json=report)).json()
    assert (await standin.http.get("/control/snapshot")).json()["experiments"] == shown
    assert event_names(standin)[-1] == "experiments"
    for body in ({}, {"start": "a", "stop": "b"}):
        assert (await standin.http.post(f"{path}/wishes", json=body)).status_code == 400
    assert (await standin.http.post(f"{path}/wishes", json=wish)).status_code == 202
    assert (await standin.http.delete(f"{path}/wishes")).json() == {"wishes": [wish]}
    assert (await standin.http.delete(f"{path}/wishes")).json() == {"wishes": []}
