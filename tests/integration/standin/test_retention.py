"""What the stand-in forgets: the oldest of each kind, 15 minutes after its last use."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from discord_stand_in.state.messages import Message
from tests.standin_in_process import (
    ADA,
    PICTURES,
    WEBHOOK,
    StandIn,
    StillClock,
    message,
    multipart,
    running,
)

pytestmark = pytest.mark.anyio

KEPT = 3
_CHANNEL = f"/api/v10/channels/{PICTURES}/messages"


async def post(standin: StandIn, content: str, *files: tuple[str, bytes]) -> dict[str, Any]:
    """A message of the channel's webhook."""
    form = multipart({"content": content}, *files)
    response = await standin.http.post(f"{WEBHOOK}?wait=true", files=form)
    assert response.status_code == 200, response.text
    posted: dict[str, Any] = response.json()
    return posted


async def contents(standin: StandIn) -> list[str]:
    """What the messages of the channel say, oldest first."""
    listed = (await standin.bot.get(_CHANNEL)).json()
    return [one["content"] for one in reversed(listed)]


async def test_a_forgotten_message_answers_like_a_deleted_one_and_its_file_is_gone(
    tmp_path: Path,
) -> None:
    async with running(StillClock(), kept=KEPT, state_dir=tmp_path) as standin:
        first = await post(standin, "first", ("a.png", b"one"))
        file = first["attachments"][0]
        for number in range(KEPT):
            await post(standin, f"{number}")
        assert await contents(standin) == ["first", "0", "1", "2"], "a token may still be valid"
        standin.clock.offset += 899
        await post(standin, "3")
        assert (await standin.http.get(file["url"])).content == b"one"
        standin.clock.offset += 1
        await post(standin, "4")
        assert await contents(standin) == ["2", "3", "4"]
        for client, path in ((standin.bot, _CHANNEL), (standin.http, f"{WEBHOOK}/messages")):
            answer = await client.get(f"{path}/{first['id']}")
            assert (answer.status_code, answer.json()["code"]) == (404, 10008)
        deleted = await standin.bot.delete(f"{_CHANNEL}/{first['id']}")
        assert (deleted.status_code, deleted.json()["code"]) == (404, 10008)
        assert (await standin.http.get(file["url"])).status_code == 404
        assert list((tmp_path / "attachments").iterdir()) == []
        shown = (await standin.http.get("/control/snapshot")).json()
        assert (shown["trimmed_channel_ids"], shown["limits"]["kept"]) == ([PICTURES], KEPT)
        told = [
            one.data for one in standin.backend.events.latest if one.name == "message_forgotten"
        ]
        assert told[0] == {"channel_id": PICTURES, "message_id": first["id"]}
        await standin.http.post("/control/reset")
        assert (await standin.http.get("/control/snapshot")).json()["trimmed_channel_ids"] == []


async def test_a_pinned_message_and_one_that_was_just_clicked_on_are_kept() -> None:
    async with running(StillClock(), kept=KEPT) as standin:
        button = {"type": 2, "style": 2, "label": "Again", "custom_id": "again"}
        standin.application.reply = lambda payload: (
            message(components=[{"type": 1, "components": [button]}])
            if payload["type"] == 2
            else {"type": 6}
        )
        clicked = (await standin.send())["message_id"]
        pinned = (await post(standin, "pinned"))["id"]
        await standin.bot.put(f"{_CHANNEL}/pins/{pinned}")
        standin.clock.offset += 1_000
        click = await standin.send(message_id=clicked, custom_id="again")
        assert click["outcome"] == "deferred"
        for number in range(6):
            await post(standin, f"{number}")
        standin.clock.offset += 899
        await post(standin, "6")
        edited = await standin.http.patch(
            f"{standin.webhook_path(click['interaction_id'])}/messages/@original",
            json={"content": "in time"},
        )
        assert edited.status_code == 200, edited.text
        standin.clock.offset += 1
        await post(standin, "7")
        found = standin.backend.messages.find
        assert (found(clicked), found(pinned)) == (None, await _of(standin, pinned))


async def _of(standin: StandIn, message_id: str) -> Message:
    assert (await standin.bot.get(f"{_CHANNEL}/{message_id}")).status_code == 200
    return standin.backend.messages.get(message_id)


async def test_the_oldest_files_that_users_chose_are_forgotten() -> None:
    async with running(StillClock(), kept=KEPT) as standin:

        async def upload() -> str:
            path = "/control/attachments?filename=a.png"
            return str((await standin.http.post(path, content=b"x")).json()["url"])

        links = [await upload() for _ in range(KEPT + 1)]
        standin.clock.offset += 900
        links.append(await upload())
        answers = [(await standin.http.get(link)).status_code for link in links]
        assert answers == [404, 404, 200, 200, 200]


async def test_what_a_command_is_about_is_kept_as_long_as_its_token_is_valid() -> None:
    async with running(StillClock(), kept=KEPT) as standin:
        path = "/control/attachments?filename=a.png"
        chosen = (await standin.http.post(path, content=b"x")).json()
        about = await post(standin, "about", ("b.png", b"y"))
        standin.clock.offset += 890
        option = {"name": "picture", "type": 11, "description": "x"}
        commands = [
            {"name": "Vary", "type": 3},
            {"name": "edit", "description": "x", "options": [option]},
        ]
        await standin.bot.put(standin.commands, json=commands)
        await standin.send(command="Vary", command_type=3, target_id=about["id"])
        await standin.send(command="edit", options={"picture": chosen["id"]})
        links = [chosen["url"], about["attachments"][0]["url"]]

        async def statuses(seconds: float) -> list[int]:
            standin.clock.offset += seconds
            for number in range(KEPT + 1):
                await standin.http.post(path, content=b"x")
                await post(standin, f"{number}")
            return [(await standin.http.get(link)).status_code for link in links]

        assert await statuses(899) == [200, 200]
        assert await statuses(1) == [404, 404]


async def test_a_refused_message_leaves_no_file(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path) as standin:
        unknown = {"type": 9, "components": [{"type": 10, "content": "x"}]}
        body = {
            "flags": 1 << 15,
            "components": [
                unknown | {"accessory": {"type": 11, "media": {"url": "attachment://b.png"}}}
            ],
        }
        answer = await standin.http.post(
            f"{WEBHOOK}?wait=true", files=multipart(body, ("a.png", b"x"))
        )
        assert answer.status_code == 400
        assert "REFERENCED_ATTACHMENT_NOT_FOUND" in answer.text
        assert list((tmp_path / "attachments").iterdir()) == []


async def test_users_who_were_made_are_forgotten_with_their_direct_messages() -> None:
    async with running(StillClock(), kept=KEPT) as standin:
        users = [str(2_000_000_000_000_000_000 + 10 * number) for number in range(KEPT + 2)]

        async def act(user: str) -> httpx.Response:
            body = {"command": "imagine", "options": {"prompt": "x"}, "user_id": user}
            return await standin.http.post("/control/interactions", json=body | {"guild_id": None})

        for user in users[:-1]:
            assert (await act(user)).status_code == 200
        directory = standin.backend.directory
        assert {*users[:-1]} < {*directory.users}
        standin.clock.offset += 900
        await act(users[0])
        await act(users[-1])
        assert [user in directory.users for user in users] == [True, False, False, True, True]
        recipients = {one.recipient_id for one in directory.channels.values()}
        assert recipients.isdisjoint(users[1:3])
        assert recipients.issuperset({users[0], users[3], users[4]})
        assert ADA in directory.users
        assert (await standin.http.get("/control/snapshot")).status_code == 200


async def test_the_numbers_since_the_start_count_what_is_forgotten() -> None:
    async with running(StillClock(), kept=KEPT) as standin:
        standin.application.reply = lambda _payload: httpx.Response(500)
        failed = [await standin.send() for _ in range(2)]
        standin.application.reply = lambda _payload: message()
        for _ in range(KEPT):
            await standin.send()
        standin.clock.offset += 900
        await standin.send()
        shown = (await standin.http.get("/control/snapshot")).json()
        assert len(shown["interactions"]) == KEPT
        assert shown["older"] == {"interactions": 3, "failed": 2}
        answer = await standin.http.get(f"/control/interactions/{failed[0]['interaction_id']}")
        assert answer.status_code == 404
