"""The interactions of buttons, select menus and modals."""

from typing import Any

import pytest

from tests.standin_in_process import BORIS, StandIn, message

pytestmark = pytest.mark.anyio

BUTTONS = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "U1", "custom_id": "u:1"}]}]
MENU = [
    {
        "type": 1,
        "components": [
            {
                "type": 3,
                "custom_id": "style",
                "max_values": 2,
                "options": [{"label": n, "value": n} for n in ("oil", "ink", "chalk")],
            }
        ],
    }
]
MODAL = {
    "type": 9,
    "data": {
        "custom_id": "edit:1",
        "title": "Change the prompt",
        "components": [
            {
                "type": 1,
                "components": [
                    {"type": 4, "custom_id": "prompt", "style": 2, "label": "P", "max_length": 20}
                ],
            },
            {
                "type": 18,
                "label": "Seed",
                "component": {"type": 4, "custom_id": "seed", "style": 1, "required": False},
            },
        ],
    },
}


async def test_a_click_carries_the_message_and_can_update_it(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message("one", components=BUTTONS)
    first = await standin.send()
    standin.application.reply = lambda _payload: {"type": 7, "data": {"content": "two"}}
    clicked = await standin.send(message_id=first["message_id"], custom_id="u:1")
    payload = standin.application.payloads[-1]
    assert payload["type"] == 3
    assert payload["data"] == {"custom_id": "u:1", "component_type": 2, "id": 2}
    assert payload["message"]["id"] == first["message_id"]
    assert clicked["message_id"] == first["message_id"]
    shown = await standin.interaction(first["interaction_id"])
    assert [version["content"] for version in shown["history"]] == ["one", "two"]


async def test_a_click_deferred_as_an_update_edits_its_own_message(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message("one", components=BUTTONS)
    first = await standin.send()
    standin.application.reply = lambda _payload: {"type": 6}
    clicked = await standin.send(message_id=first["message_id"], custom_id="u:1")
    assert clicked["outcome"] == "deferred"
    hook = standin.webhook_path(clicked["interaction_id"])
    await standin.http.patch(f"{hook}/messages/@original", json={"content": "two"})
    assert (await standin.interaction(first["interaction_id"]))["message"]["content"] == "two"


async def test_a_select_menu_sends_its_values_and_refuses_others(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message(components=MENU)
    first = await standin.send()
    click = {"message_id": first["message_id"], "custom_id": "style"}
    await standin.send(**click, values=["oil", "ink"])
    assert standin.application.payloads[-1]["data"]["values"] == ["oil", "ink"]
    for values in ([], ["oil", "ink", "chalk"], ["lead"]):
        refused = await standin.http.post("/control/interactions", json=click | {"values": values})
        assert refused.status_code == 400


async def test_only_its_user_can_click_a_button_of_an_ephemeral_message(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message(components=BUTTONS, flags=64)
    first = await standin.send()
    click = {"message_id": first["message_id"], "custom_id": "u:1", "user_id": BORIS}
    refused = await standin.http.post("/control/interactions", json=click)
    assert refused.status_code == 403


async def test_a_modal_is_opened_filled_in_and_submitted(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: MODAL
    opened = await standin.send()
    assert opened["response"]["data"]["title"] == "Change the prompt"
    standin.application.reply = lambda _payload: message()
    submit: dict[str, Any] = {"modal": opened["interaction_id"]}
    sent = await standin.send(**submit, fields={"prompt": "a star", "seed": "7"})
    assert sent["outcome"] == "answered"
    data = standin.application.payloads[-1]["data"]
    assert data["custom_id"] == "edit:1"
    assert data["components"][0]["components"][0]["value"] == "a star"
    assert data["components"][1]["component"]["value"] == "7"
    for fields in ({}, {"prompt": "x" * 21}):
        refused = await standin.http.post("/control/interactions", json=submit | {"fields": fields})
        assert refused.status_code == 400


async def test_a_modal_submit_cannot_be_answered_with_a_modal(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: MODAL
    opened = await standin.send()
    sent = await standin.send(modal=opened["interaction_id"], fields={"prompt": "x"})
    assert sent["outcome"] == "error"
    assert sent["notice"] == "Something went wrong. Try again."
