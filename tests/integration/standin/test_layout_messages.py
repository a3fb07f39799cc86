"""Messages of components alone: their files, their edits, and forms with the newer inputs."""

from typing import Any

import httpx
import pytest

from tests.e2e.application import picture
from tests.standin_in_process import GUILD, PICTURES, StandIn, message, multipart

pytestmark = pytest.mark.anyio

V2 = 1 << 15
TEXT = {"type": 10, "content": "hello"}
GALLERY = {
    "type": 12,
    "items": [{"media": {"url": "attachment://a.png"}, "description": "A", "spoiler": True}],
}


def layout(*components: Any, **more: Any) -> dict[str, Any]:
    """A body of components alone."""
    return {"flags": V2, "components": list(components), **more}


async def answered(standin: StandIn, **data: Any) -> tuple[str, str]:
    """Have an interaction answered; the address of its message, and of its webhook."""
    standin.application.reply = lambda _payload: {"type": 4, "data": data}
    sent = await standin.send()
    assert sent["outcome"] == "answered", sent
    hook = standin.webhook_path(sent["interaction_id"])
    return f"{hook}/messages/@original", hook


async def uploaded(standin: StandIn, address: str, body: dict[str, Any]) -> httpx.Response:
    """Edit a message with one picture."""
    form = multipart(body, ("a.png", picture(1, 64)))
    return await standin.http.patch(address, files=form)


async def test_a_gallery_shows_a_file_that_the_message_does_not_list(standin: StandIn) -> None:
    address, _ = await answered(standin, **layout({"type": 17, "components": [TEXT]}))
    edited = await uploaded(standin, address, layout({"type": 17, "components": [TEXT, GALLERY]}))
    body = edited.raise_for_status().json()
    assert body["flags"] == V2
    assert body["attachments"] == []
    assert body["content"] == ""
    item = body["components"][0]["components"][1]["items"][0]
    assert (item["description"], item["spoiler"]) == ("A", True)
    media = item["media"]
    assert (media["width"], media["height"], media["content_type"]) == (64, 64, "image/png")
    assert media["attachment_id"] in media["url"]
    shown = await standin.http.get(media["url"])
    assert shown.content == picture(1, 64)


async def test_text_can_be_edited_while_the_files_stay(standin: StandIn) -> None:
    address, _ = await answered(standin, **layout(TEXT))
    await uploaded(standin, address, layout(GALLERY))
    edited = await standin.http.patch(address, json={"components": [TEXT, GALLERY]})
    assert edited.json()["components"][1]["items"][0]["media"]["attachment_id"]
    gone = await standin.http.patch(address, json={"components": [GALLERY], "attachments": []})
    assert gone.status_code == 400
    where = gone.json()["errors"]["components"]["0"]["items"]["0"]["media"]["url"]
    code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
    assert where["_errors"][0]["code"] == code


async def test_an_unreferenced_file_is_kept_and_listed(standin: StandIn) -> None:
    address, _ = await answered(standin, **layout(TEXT))
    edited = await uploaded(standin, address, layout(TEXT))
    assert [file["filename"] for file in edited.json()["attachments"]] == ["a.png"]


async def test_the_flag_can_be_set_by_an_edit_and_is_never_taken_back(standin: StandIn) -> None:
    address, _ = await answered(standin, content="an older answer")
    kept = await standin.http.patch(address, json=layout(TEXT))
    assert kept.status_code == 400
    assert "content" in kept.json()["errors"], "the content has to be emptied"
    edited = await standin.http.patch(address, json=layout(TEXT, content=None, embeds=[]))
    assert edited.json()["flags"] == V2
    again = await standin.http.patch(address, json={"flags": 0, "components": [TEXT]})
    assert again.json()["flags"] == V2
    back = await standin.http.patch(address, json={"flags": 0, "content": "x"})
    assert back.status_code == 400
    code = back.json()["errors"]["content"]["_errors"][0]["code"]
    assert code == "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"


async def test_a_message_of_no_components_is_empty(standin: StandIn) -> None:
    address, hook = await answered(standin, **layout(TEXT))
    for answer in (
        await standin.http.patch(address, json={"components": []}),
        await standin.http.post(hook, json={"flags": V2}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, 50006)


async def test_a_deferred_message_becomes_one_of_components_by_its_edit(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: {"type": 5, "data": {"flags": V2}}
    assert (await standin.send())["outcome"] == "error"
    standin.application.reply = lambda _payload: {"type": 5}
    sent = await standin.send()
    address = f"{standin.webhook_path(sent['interaction_id'])}/messages/@original"
    edited = await standin.http.patch(address, json=layout(TEXT))
    assert edited.json()["flags"] == V2


async def test_a_click_on_a_nested_button_updates_its_message(standin: StandIn) -> None:
    section = {
        "type": 9,
        "components": [TEXT],
        "accessory": {"type": 2, "style": 1, "label": "x", "custom_id": "u:1"},
    }
    standin.application.reply = lambda _payload: {
        "type": 4,
        "data": layout({"type": 17, "components": [section]}),
    }
    first = await standin.send()
    standin.application.reply = lambda _payload: {"type": 7, "data": {"components": [TEXT]}}
    clicked = await standin.send(message_id=first["message_id"], custom_id="u:1")
    assert clicked["outcome"] == "answered", clicked
    assert standin.application.payloads[-1]["message"]["flags"] == V2


async def test_mentions_are_read_from_text_displays(standin: StandIn) -> None:
    text = {"type": 10, "content": "@everyone"}
    standin.application.reply = lambda _payload: {"type": 4, "data": layout(text)}
    sent = await standin.send()
    shown = await standin.http.get(f"/control/messages/{sent['message_id']}")
    assert shown.json()["mention_everyone"] is True


async def test_a_spoiler_is_set_by_its_flag_or_by_the_prefix_and_can_be_changed(
    standin: StandIn,
) -> None:
    address, _ = await answered(standin, content="x")
    form = multipart(
        {"attachments": [{"id": 0, "is_spoiler": True}, {"id": 1}]},
        ("a.png", picture(1, 64)),
        ("SPOILER_b.png", picture(1, 64)),
    )
    files = (await standin.http.patch(address, files=form)).json()["attachments"]
    assert [file.get("flags") for file in files] == [8, 8]
    entries = [{"id": file["id"], "is_spoiler": False, "description": "d"} for file in files]
    edited = await standin.http.patch(address, json={"attachments": entries})
    changed = edited.json()["attachments"]
    assert [(file.get("flags"), file["description"]) for file in changed] == [(None, "d")] * 2


FORM = {
    "custom_id": "form",
    "title": "Form",
    "components": [
        {"type": 10, "content": "Fill in."},
        *(
            {"type": 18, "label": "L", "component": component}
            for component in (
                {"type": 19, "custom_id": "file", "file_types": ["image"], "required": False},
                {
                    "type": 21,
                    "custom_id": "radio",
                    "required": False,
                    "options": [{"value": one, "label": one} for one in "ab"],
                },
                {
                    "type": 22,
                    "custom_id": "boxes",
                    "options": [{"value": one, "label": one, "default": True} for one in "ab"],
                },
                {"type": 23, "custom_id": "box", "default": True},
            )
        ),
    ],
}


async def submit(standin: StandIn, **fields: Any) -> httpx.Response:
    """Open the form and submit it."""
    standin.application.reply = lambda _payload: {"type": 9, "data": FORM}
    opened = await standin.send()
    assert opened["outcome"] == "answered", opened
    standin.application.reply = lambda _payload: message()
    body = {"modal": opened["interaction_id"], "fields": fields}
    return await standin.http.post("/control/interactions", json=body)


def submitted(standin: StandIn) -> dict[str, Any]:
    """The values that the application got last, by custom id."""
    labels = standin.application.payloads[-1]["data"]["components"][1:]
    inputs = [label["component"] for label in labels]
    return {one["custom_id"]: one.get("value", one.get("values")) for one in inputs}


async def test_a_form_that_is_left_as_it_opened_sends_its_defaults(standin: StandIn) -> None:
    assert (await submit(standin)).json()["outcome"] == "answered"
    assert submitted(standin) == {"file": [], "radio": None, "boxes": ["a", "b"], "box": True}


async def test_a_form_sends_a_file_a_radio_button_and_checkboxes(standin: StandIn) -> None:
    made = await standin.http.post(
        "/control/attachments", params={"filename": "cat.png"}, content=picture(1, 64)
    )
    cat = made.json()["id"]
    sent = await submit(standin, file=[cat], radio="b", boxes=["a"], box=False)
    assert sent.json()["outcome"] == "answered"
    assert submitted(standin) == {"file": [cat], "radio": "b", "boxes": ["a"], "box": False}
    resolved = standin.application.payloads[-1]["data"]["resolved"]["attachments"]
    assert resolved[cat]["filename"] == "cat.png"
    made = await standin.http.post(
        "/control/attachments", params={"filename": "cat.pdf"}, content=b"%PDF"
    )
    wrong: tuple[dict[str, Any], ...] = (
        {"file": [made.json()["id"]]},
        {"radio": "c"},
        {"boxes": []},
        {"boxes": ["a", "b", "c"]},
        {"box": "yes"},
    )
    for fields in wrong:
        assert (await submit(standin, **fields)).status_code == 400


async def test_selects_in_a_form_start_with_their_defaults(standin: StandIn) -> None:
    default = [{"id": PICTURES, "type": "channel"}]
    select = {"type": 8, "custom_id": "c", "default_values": default, "max_values": 3}
    form = {
        "custom_id": "form",
        "title": "Form",
        "components": [{"type": 18, "label": "L", "component": select}],
    }
    standin.application.reply = lambda _payload: {"type": 9, "data": form}
    opened = await standin.send()
    standin.application.reply = lambda _payload: message()
    await standin.send(modal=opened["interaction_id"], guild_id=GUILD)
    data = standin.application.payloads[-1]["data"]
    assert data["components"][0]["component"]["values"] == [PICTURES]
    assert PICTURES in data["resolved"]["channels"]
