"""The webhook that an interaction has for 15 minutes, and a channel's own webhooks."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.standin_in_process import (
    ADA,
    BORIS,
    PICTURES,
    THREAD,
    WEBHOOK,
    Payload,
    StandIn,
    multipart,
    running,
)

pytestmark = pytest.mark.anyio


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 3), "red").save(buffer, "PNG")
    return buffer.getvalue()


PNG = _png()
ERROR = tuple[int, int]


def error_of(response: httpx.Response) -> ERROR:
    """The status and Discord's error code of a response."""
    return response.status_code, response.json()["code"]


async def upload(standin: StandIn, hook: str, payload: Payload, *files: tuple[str, bytes]) -> Any:
    """Edit the original response with files; return the message."""
    response = await standin.http.patch(
        f"{hook}/messages/@original", files=multipart(payload, *files)
    )
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_edit_adds_pictures_to_the_original_response(standin: StandIn) -> None:
    interaction_id, hook = await standin.answered_interaction()
    listed = [{"id": n, "filename": f"{n}.png", "description": "a circle"} for n in range(2)]
    message = await upload(
        standin, hook, {"content": "Done", "attachments": listed}, ("a", PNG), ("b", PNG)
    )
    assert message["content"] == "Done"
    assert [file["filename"] for file in message["attachments"]] == ["0.png", "1.png"]
    first = message["attachments"][0]
    assert (first["width"], first["height"], first["size"]) == (2, 3, len(PNG))
    assert first["description"] == "a circle"
    served = await standin.http.get(first["url"])
    assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
    shown = await standin.interaction(interaction_id)
    names = [event["name"] for event in shown["events"]]
    assert names[-3:] == ["webhook", "uploaded", "done"]
    assert shown["edits"] == 1


async def test_an_edit_without_attachments_keeps_old_files_and_appends_new_ones(
    standin: StandIn,
) -> None:
    _, hook = await standin.answered_interaction()
    await upload(standin, hook, {}, ("one.png", PNG))
    message = await upload(standin, hook, {}, ("two.png", PNG))
    assert [file["filename"] for file in message["attachments"]] == ["one.png", "two.png"]
    kept = await standin.http.patch(f"{hook}/messages/@original", json={"content": "text only"})
    assert len(kept.json()["attachments"]) == 2


async def test_an_edit_with_attachments_keeps_only_the_listed_files(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    before = await upload(standin, hook, {}, ("one.png", PNG), ("two.png", PNG))
    keep = before["attachments"][1]["id"]
    listed = [{"id": 0, "filename": "new.png"}, {"id": keep}]
    after = await upload(standin, hook, {"attachments": listed}, ("x.png", PNG))
    assert [file["filename"] for file in after["attachments"]] == ["new.png", "two.png"]
    emptied = await standin.http.patch(f"{hook}/messages/@original", json={"attachments": []})
    assert emptied.json()["attachments"] == []


async def test_an_edit_that_lists_an_unknown_attachment_is_refused(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    response = await standin.http.patch(
        f"{hook}/messages/@original", json={"attachments": [{"id": 3}]}
    )
    assert error_of(response) == (400, 50035)
    assert "id" in response.json()["errors"]["attachments"]["0"]


async def test_more_than_ten_attachments_are_refused(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    files = multipart({}, *[(f"{n}.png", PNG) for n in range(11)])
    response = await standin.http.patch(f"{hook}/messages/@original", files=files)
    assert error_of(response) == (400, 50035)


async def test_a_file_over_the_limit_gets_413_and_changes_nothing() -> None:
    async with running(attachment_bytes=100, request_bytes=1_000) as standin:
        interaction_id, hook = await standin.answered_interaction(content="before")
        path = f"{hook}/messages/@original"
        file_too_large = multipart({"content": "after"}, ("a.png", b"x" * 101))
        request_too_large = multipart({"content": "after"}, ("a.png", b"x" * 2_000))
        for files in (file_too_large, request_too_large):
            response = await standin.http.patch(path, files=files)
            assert error_of(response) == (413, 40005)
        assert (await standin.interaction(interaction_id))["message"]["content"] == "before"


async def test_the_file_limit_is_the_one_in_the_interactions_payload(standin: StandIn) -> None:
    sent = await standin.send(command="imagine", raw={"attachment_size_limit": 10})
    files = multipart({}, ("a.png", b"x" * 11))
    response = await standin.http.patch(
        f"{standin.webhook_path(sent['interaction_id'])}/messages/@original", files=files
    )
    assert error_of(response) == (413, 40005)


async def test_an_expired_token_gets_401_50027(standin: StandIn) -> None:
    interaction_id, hook = await standin.answered_interaction()
    standin.clock.offset += 15 * 60
    assert error_of(await standin.http.get(f"{hook}/messages/@original")) == (401, 50027)
    _, hook = await standin.answered_interaction()
    interaction = standin.backend.interactions.all()[-1]
    await standin.http.post(f"/control/interactions/{interaction.id}/expire")
    assert error_of(await standin.http.post(hook, json={"content": "x"})) == (401, 50027)
    assert (await standin.interaction(interaction_id))["message"] is not None


async def test_a_follow_up_before_the_first_response_gets_404_10015(standin: StandIn) -> None:
    early: list[ERROR] = []

    async def answer_late(payload: Payload) -> httpx.Response:
        path = f"/api/v10/webhooks/{payload['application_id']}/{payload['token']}"
        early.append(error_of(await standin.http.get(f"{path}/messages/@original")))
        early.append(error_of(await standin.http.post(path, json={"content": "x"})))
        return httpx.Response(200, json={"type": 4, "data": {"content": "now"}})

    standin.application.reply = answer_late
    sent = await standin.send()
    assert sent["outcome"] == "answered"
    assert early == [(404, 10015), (404, 10015)]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/v10/webhooks/1200000000000000001/nobody/messages/@original", (401, 50027)),
        ("/api/v10/webhooks/1500000000000000001/wrong", (401, 50027)),
        ("/api/v10/webhooks/1999999999999999999/x", (404, 10015)),
        ("/api/v10/webhooks/abc/x", (400, 50035)),
        (f"{WEBHOOK}/messages/123", (404, 10008)),
        (f"{WEBHOOK}/messages/@original", (404, 10008)),
    ],
)
async def test_unknown_webhooks_and_messages_get_discords_error_codes(
    standin: StandIn, path: str, error: ERROR
) -> None:
    assert error_of(await standin.http.get(path)) == error


async def test_a_deleted_original_response_is_unknown_afterwards(standin: StandIn) -> None:
    interaction_id, hook = await standin.answered_interaction()
    original = f"{hook}/messages/@original"
    assert (await standin.http.delete(original)).status_code == 204
    for response in (
        await standin.http.get(original),
        await standin.http.patch(original, json={"content": "x"}),
        await standin.http.delete(original),
    ):
        assert error_of(response) == (404, 10008)
    shown = await standin.interaction(interaction_id)
    assert shown["message"] is None
    assert len(shown["history"]) == 1


async def test_a_follow_up_creates_its_own_message(standin: StandIn) -> None:
    interaction_id, hook = await standin.answered_interaction()
    made = await standin.http.post(hook, json={"content": "more", "flags": 64})
    assert made.status_code == 200
    assert made.json()["type"] == 19
    path = f"{hook}/messages/{made.json()['id']}"
    assert (await standin.http.patch(path, json={"content": "edited"})).json()[
        "content"
    ] == "edited"
    assert (await standin.http.get(path)).json()["content"] == "edited"
    shown = await standin.http.get(f"/control/messages/{made.json()['id']}")
    assert shown.json()["ephemeral_for"] == ADA
    assert (await standin.http.delete(path)).status_code == 204
    assert (await standin.interaction(interaction_id))["message"]["content"] == "Queued"


async def test_the_first_follow_up_of_a_deferred_response_replaces_the_loading_message(
    standin: StandIn,
) -> None:
    standin.application.reply = lambda _payload: {"type": 5}
    sent = await standin.send()
    made = await standin.http.post(
        standin.webhook_path(sent["interaction_id"]), json={"content": "here"}
    )
    assert made.json()["id"] == sent["message_id"]
    assert made.json()["flags"] == 0


async def test_an_edit_cannot_make_a_message_ephemeral(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    edited = await standin.http.patch(
        f"{hook}/messages/@original", json={"content": "x", "flags": 64}
    )
    assert edited.json()["flags"] == 0


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"content": "x" * 2001}, (400, 50035)),
        ({"content": ""}, (400, 50006)),
        ({"content": " \n "}, (400, 50006)),
        ({"content": 5}, (400, 50035)),
        ({"embeds": "x"}, (400, 50035)),
        ({"embeds": [{"description": "x"}] * 11}, (400, 50035)),
        ({"components": [{"type": 2}]}, (400, 50035)),
        ({"allowed_mentions": {"parse": ["all"]}}, (400, 50035)),
        ({"poll": {"question": {}}}, (400, 50035)),
        (["x"], (400, 50035)),
        ("x", (400, 50035)),
    ],
)
async def test_a_body_that_discord_refuses_changes_nothing(
    standin: StandIn, payload: Any, error: ERROR
) -> None:
    interaction_id, hook = await standin.answered_interaction()
    response = await standin.http.patch(f"{hook}/messages/@original", json=payload)
    assert error_of(response) == error
    assert (await standin.interaction(interaction_id))["edits"] == 0


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"{", {"Content-Type": "application/json"}, 50109),
        (b'{"a": NaN}', {"Content-Type": "application/json"}, 50109),
        (b"\xff", {"Content-Type": "application/json"}, 50109),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 50109),
        (b"content=x", {"Content-Type": "text/plain"}, 50035),
        (b"x", {"Content-Type": "multipart/form-data"}, 50035),
        (b"x", {"Content-Type": "multipart/form-data; boundary=y"}, 50035),
    ],
)
async def test_an_unreadable_body_gets_discords_error(
    standin: StandIn, content: bytes, headers: dict[str, str], code: int
) -> None:
    _, hook = await standin.answered_interaction()
    response = await standin.http.patch(
        f"{hook}/messages/@original", content=content, headers=headers
    )
    assert error_of(response) == (400, code)


async def test_lone_surrogates_in_a_body_become_replacement_characters(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    body = b'{"content": "a\\ud800b"}'
    edited = await standin.http.patch(
        f"{hook}/messages/@original", content=body, headers={"Content-Type": "application/json"}
    )
    assert edited.json()["content"] == "a\ufffdb"


async def test_a_message_records_whom_it_notifies(standin: StandIn) -> None:
    text = f"@everyone <@{BORIS}>"
    interaction_id, hook = await standin.answered_interaction(
        content=text, allowed_mentions={"parse": []}
    )
    pings = (await standin.interaction(interaction_id))["message"]["pings"]
    assert pings == {"everyone": False, "users": [], "roles": []}
    made = await standin.http.post(hook, json={"content": text})
    shown = (await standin.http.get(f"/control/messages/{made.json()['id']}")).json()
    assert shown["pings"] == {"everyone": True, "users": [BORIS], "roles": []}
    assert shown["mentions"][0]["id"] == BORIS


async def test_an_embed_can_show_a_file_of_its_message(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    embed = {"image": {"url": "attachment://a.png"}}
    message = await upload(standin, hook, {"embeds": [embed]}, ("a.png", PNG))
    shown = await standin.http.get(message["embeds"][0]["image"]["url"])
    assert shown.content == PNG
    assert message["attachments"] == [], "a file that an embed shows is not listed besides"


async def test_attachment_links_expire_and_cannot_be_altered(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    message = await upload(standin, hook, {}, ("a.png", PNG))
    link = message["attachments"][0]["url"]
    for broken in (link.split("?")[0], link.replace("hm=", "hm=0"), link.replace("ex=", "ex=f")):
        assert (await standin.http.get(broken)).status_code == 404
    assert (await standin.http.get(link)).status_code == 200
    again = await standin.http.get(f"{hook}/messages/@original")
    assert again.json()["attachments"][0]["url"] == link
    standin.clock.offset += 24 * 3600 + 1
    assert (await standin.http.get(link)).status_code == 404


async def test_files_are_kept_below_the_state_folder(tmp_path: Any) -> None:
    async with running(state_dir=tmp_path) as standin:
        _, hook = await standin.answered_interaction()
        message = await upload(standin, hook, {}, ("../../etc/x.png", PNG))
        assert message["attachments"][0]["filename"] == "x.png"
        [kept] = (tmp_path / "attachments").iterdir()
        assert kept.read_bytes() == PNG
        await standin.http.post("/control/reset")
        assert list((tmp_path / "attachments").iterdir()) == []


async def test_the_cdn_serves_html_as_a_download(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    part = ("files[0]", ("a.html", b"<script>", "text/html"))
    body = await standin.http.patch(f"{hook}/messages/@original", files=[part])
    served = await standin.http.get(body.json()["attachments"][0]["url"])
    assert served.headers["content-type"] == "application/octet-stream"
    assert served.headers["content-disposition"] == "attachment"


async def test_a_channels_webhook_returns_the_message_only_with_wait(standin: StandIn) -> None:
    assert (await standin.http.post(WEBHOOK, json={"content": "x"})).status_code == 204
    made = await standin.http.post(f"{WEBHOOK}?wait=true", json={"content": "x", "username": "Bo"})
    assert made.json()["author"]["username"] == "Bo"
    assert made.json()["channel_id"] == PICTURES
    wrong = await standin.http.post(f"{WEBHOOK}?wait=perhaps", json={"content": "x"})
    assert error_of(wrong) == (400, 50035)


async def test_a_channels_webhook_posts_into_a_thread_of_its_channel(standin: StandIn) -> None:
    query = f"?wait=true&thread_id={THREAD}"
    made = await standin.http.post(f"{WEBHOOK}{query}", json={"content": "x"})
    assert made.json()["channel_id"] == THREAD
    path = f"{WEBHOOK}/messages/{made.json()['id']}"
    assert error_of(await standin.http.get(path)) == (404, 10008)
    assert (await standin.http.get(f"{path}?thread_id={THREAD}")).status_code == 200
    elsewhere = await standin.http.post(f"{WEBHOOK}?thread_id={PICTURES}", json={"content": "x"})
    assert error_of(elsewhere) == (404, 10003)
    forum = await standin.http.post(WEBHOOK, json={"content": "x", "thread_name": "new"})
    assert error_of(forum) == (400, 220003)


async def test_tokens_are_neither_logged_nor_published(
    standin: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    _, hook = await standin.answered_interaction()
    await standin.http.get(f"{hook}/messages/@original")
    token = hook.rsplit("/", 1)[-1]
    ours = [
        entry.getMessage() for entry in caplog.records if entry.name.startswith("discord_stand_in")
    ]
    assert ours
    assert not [line for line in ours if token in line]
    assert token not in json.dumps([event.data for event in standin.backend.events.latest])


@pytest.mark.parametrize(("prefix", "status"), [("/api", 200), ("/api/v9", 200), ("/api/v5", 404)])
async def test_an_address_may_have_no_version_or_the_one_before(
    standin: StandIn, prefix: str, status: int
) -> None:
    """Discord shows addresses of webhooks without a version."""
    address = prefix + WEBHOOK.removeprefix("/api/v10")
    assert (await standin.http.get(address)).status_code == status
