"""Interactions as the stand-in delivers them."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.standin_in_process import (
    ADA,
    AFTER_DARK,
    BORIS,
    DM,
    GUILD,
    FakeApplication,
    Payload,
    StandIn,
    message,
    running,
)

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


async def test_a_command_in_a_guild_carries_a_member_and_no_user(standin: StandIn) -> None:
    await standin.send(command="imagine", options={"prompt": "x"}, user_id=BORIS)
    [payload] = standin.application.payloads
    assert payload["member"]["user"]["id"] == BORIS
    assert "user" not in payload
    assert payload["guild_id"] == GUILD
    assert payload["context"] == 0
    assert payload["locale"] == "de"
    assert payload["guild_locale"] == "en-US"
    assert payload["channel"]["nsfw"] is False
    assert payload["attachment_size_limit"] == 10 * 1024 * 1024
    assert payload["authorizing_integration_owners"] == {"0": GUILD}


async def test_a_command_in_a_dm_carries_a_user_and_no_member(standin: StandIn) -> None:
    await standin.send(command="imagine", options={"prompt": "x"}, guild_id=None)
    [payload] = standin.application.payloads
    assert payload["user"]["id"] == ADA
    assert payload["channel_id"] == DM
    assert payload["context"] == 1
    assert not {"member", "guild_id", "guild_locale"} & payload.keys()


async def test_the_channel_says_that_it_is_age_restricted(standin: StandIn) -> None:
    await standin.send(command="imagine", channel_id=AFTER_DARK)
    assert standin.application.payloads[0]["channel"]["nsfw"] is True


async def test_a_message_at_once_is_the_original_response(standin: StandIn) -> None:
    sent = await standin.send()
    assert (sent["outcome"], sent["response_type"], sent["status"]) == ("answered", 4, 200)
    seen = await standin.interaction(sent["interaction_id"])
    assert seen["message"]["content"] == "Queued"
    assert seen["message"]["type"] == 20
    assert seen["message"]["interaction_metadata"]["name"] == "imagine"
    assert [event["name"] for event in seen["events"]] == ["created", "delivered", "answered"]


async def test_a_deferred_answer_shows_that_the_application_is_thinking(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: {"type": 5, "data": {"flags": 64}}
    sent = await standin.send()
    assert sent["outcome"] == "deferred"
    shown = (await standin.interaction(sent["interaction_id"]))["message"]
    assert shown["flags"] == 64 | 128
    assert shown["ephemeral_for"] == ADA


async def test_no_answer_in_time_is_a_timeout_and_its_token_is_dead() -> None:
    async with running(answer_seconds=0.05) as standin:

        async def never(_payload: Payload) -> httpx.Response:
            await asyncio.sleep(30)
            return httpx.Response(500)

        standin.application.reply = never
        sent = await standin.send()
        assert (sent["outcome"], sent["message_id"]) == ("timeout", None)
        assert sent["notice"] == "The application did not respond"
        late = await standin.http.patch(
            f"{standin.webhook_path(sent['interaction_id'])}/messages/@original",
            json={"content": "late"},
        )
        assert (late.status_code, late.json()["code"]) == (404, 10015)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(500), "status 500"),
        (httpx.Response(401), "status 401"),
        (httpx.Response(200, text="no json"), "not one that Discord takes"),
        (httpx.Response(200, json=[1]), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 99}), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 1}), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 7, "data": {"content": "x"}}), "not one that"),
        (httpx.Response(200, json={"type": 8, "data": {"choices": []}}), "not one that"),
        (httpx.Response(200, json=message("")), "not one that Discord takes"),
        (httpx.Response(200, json=message("x" * 2001)), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 5, "data": {"flags": 4}}), "not one that"),
    ],
)
async def test_an_answer_discord_would_not_take_is_an_error(
    standin: StandIn, reply: httpx.Response, error: str
) -> None:
    standin.application.reply = lambda _payload: reply
    sent = await standin.send()
    assert sent["outcome"] == "error"
    assert error in sent["error"]
    assert sent["message_id"] is None


async def test_without_an_endpoint_the_user_sees_that_nobody_answered(standin: StandIn) -> None:
    standin.backend.endpoint.url = None
    sent = await standin.send()
    assert (sent["outcome"], sent["notice"]) == ("error", "The application did not respond")


async def test_a_redelivery_is_the_very_same_request_and_its_answer_is_ignored(
    standin: StandIn,
) -> None:
    sent = await standin.send()
    standin.application.reply = lambda _payload: message("another answer")
    again = await standin.http.post(f"/control/interactions/{sent['interaction_id']}/redeliver")
    assert again.json()["outcome"] == "answered"
    first, second = standin.application.received
    assert first.content == second.content
    signature = "x-signature-ed25519"
    assert first.headers[signature] == second.headers[signature]
    seen = await standin.interaction(sent["interaction_id"])
    assert (seen["message"]["content"], seen["deliveries"]) == ("Queued", 2)


async def test_raw_is_laid_over_what_is_sent(standin: StandIn) -> None:
    await standin.send(command="imagine", raw={"type": 99, "data": {"name": "gone"}})
    [payload] = standin.application.payloads
    assert (payload["type"], payload["data"]["name"]) == (99, "gone")


async def test_whatever_is_laid_over_the_payload_leaves_the_stand_in_sound(
    standin: StandIn,
) -> None:
    for raw in ({"data": 5}, {"id": "x"}, {"token": None}, {"member": []}, {"channel": "x"}):
        sent = await standin.send(command="imagine", raw=raw)
        assert sent["outcome"] == "answered"
        assert (await standin.interaction(sent["interaction_id"]))["message"]["content"] == "Queued"


async def test_an_aged_interaction_has_an_old_id_and_a_token_that_ends_early(
    standin: StandIn,
) -> None:
    sent = await standin.send(command="imagine", age_seconds=899)
    made = (int(sent["interaction_id"]) >> 22) / 1000 + 1_420_070_400
    assert 898 < standin.clock.now() - made < 901
    standin.clock.offset += 2
    late = await standin.http.get(
        f"{standin.webhook_path(sent['interaction_id'])}/messages/@original"
    )
    assert (late.status_code, late.json()["code"]) == (401, 50027)


async def test_autocomplete_sends_the_focused_option_as_text_and_returns_choices(
    standin: StandIn,
) -> None:
    choices = [{"name": "Ten", "value": 10}]
    standin.application.reply = lambda _payload: {"type": 8, "data": {"choices": choices}}
    await standin.bot.put(standin.commands, json=[_command()])
    sent = await standin.send(
        command="imagine", options={"prompt": "x", "steps": 1}, focused="steps"
    )
    [payload] = standin.application.payloads
    assert payload["type"] == 4
    assert payload["data"]["options"][1] == {
        "name": "steps",
        "type": 4,
        "value": "1",
        "focused": True,
    }
    assert sent["response"]["data"]["choices"] == choices


def _command() -> Payload:
    return {
        "name": "imagine",
        "description": "Make pictures",
        "options": [
            {"type": 3, "name": "prompt", "description": "What", "required": True},
            {
                "type": 4,
                "name": "steps",
                "description": "How long",
                "min_value": 1,
                "max_value": 100,
                "autocomplete": True,
            },
        ],
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "prompt: this option is required"),
        ({"prompt": 1}, "prompt: 1 is not text"),
        ({"prompt": "x", "steps": 101}, "steps: 101 is more than 100"),
        ({"prompt": "x", "steps": 1.5}, "steps: 1.5 is not a whole number"),
        ({"prompt": "x", "colour": "red"}, "colour: there is no such option"),
    ],
)
async def test_a_strict_client_refuses_what_discords_would(
    standin: StandIn, options: Payload, says: str
) -> None:
    await standin.bot.put(standin.commands, json=[_command()])
    body = {"command": "imagine", "options": options, "strict": True}
    refused = await standin.http.post("/control/interactions", json=body)
    assert refused.status_code == 400
    assert says in refused.json()["error"]
    assert standin.application.payloads == []


async def test_a_button_press_carries_the_message_and_may_update_it(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message("one", components=BUTTONS)
    first = await standin.send()
    standin.application.reply = lambda _payload: {"type": 7, "data": {"content": "two"}}
    pressed = await standin.send(message_id=first["message_id"], custom_id="u:1")
    payload = standin.application.payloads[-1]
    assert payload["type"] == 3
    assert payload["data"] == {"custom_id": "u:1", "component_type": 2, "id": 2}
    assert payload["message"]["id"] == first["message_id"]
    assert pressed["message_id"] == first["message_id"]
    seen = await standin.interaction(first["interaction_id"])
    assert [version["content"] for version in seen["history"]] == ["one", "two"]


async def test_a_button_press_deferred_as_an_update_edits_its_own_message(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message("one", components=BUTTONS)
    first = await standin.send()
    standin.application.reply = lambda _payload: {"type": 6}
    pressed = await standin.send(message_id=first["message_id"], custom_id="u:1")
    assert pressed["outcome"] == "deferred"
    hook = standin.webhook_path(pressed["interaction_id"])
    await standin.http.patch(f"{hook}/messages/@original", json={"content": "two"})
    assert (await standin.interaction(first["interaction_id"]))["message"]["content"] == "two"


async def test_a_select_menu_sends_its_values_and_refuses_others(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message(components=MENU)
    first = await standin.send()
    press = {"message_id": first["message_id"], "custom_id": "style"}
    await standin.send(**press, values=["oil", "ink"])
    assert standin.application.payloads[-1]["data"]["values"] == ["oil", "ink"]
    for values in ([], ["oil", "ink", "chalk"], ["lead"]):
        refused = await standin.http.post("/control/interactions", json=press | {"values": values})
        assert refused.status_code == 400


async def test_only_its_user_can_press_a_button_of_an_ephemeral_message(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: message(components=BUTTONS, flags=64)
    first = await standin.send()
    press = {"message_id": first["message_id"], "custom_id": "u:1", "user_id": BORIS}
    refused = await standin.http.post("/control/interactions", json=press)
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


async def test_user_and_message_commands_carry_what_they_were_used_on(standin: StandIn) -> None:
    sent = await standin.send()
    await standin.send(command="Pictures of", command_type=2, target_id=BORIS)
    await standin.send(command="Vary", command_type=3, target_id=sent["message_id"])
    _, user, on_message = standin.application.payloads
    assert user["data"]["resolved"]["users"][BORIS]["username"] == "boris"
    assert user["data"]["resolved"]["members"][BORIS]["permissions"]
    assert on_message["data"]["target_id"] == sent["message_id"]
    assert sent["message_id"] in on_message["data"]["resolved"]["messages"]


async def test_subcommands_are_nested_and_ids_are_resolved(standin: StandIn) -> None:
    await standin.send(command="settings default set", options={"steps": 20})
    [payload] = standin.application.payloads
    assert payload["data"]["options"] == [
        {
            "name": "default",
            "type": 2,
            "options": [
                {
                    "name": "set",
                    "type": 1,
                    "options": [{"name": "steps", "type": 4, "value": 20}],
                }
            ],
        }
    ]


async def test_an_attachment_option_leads_to_the_file(standin: StandIn) -> None:
    command = {
        "name": "vary",
        "description": "d",
        "options": [{"type": 11, "name": "picture", "description": "p"}],
    }
    await standin.bot.put(standin.commands, json=[command])
    uploaded = await standin.http.post(
        "/control/attachments?filename=../a.png",
        content=b"bytes",
        headers={"Content-Type": "image/png"},
    )
    picture = uploaded.json()["id"]
    await standin.send(command="vary", options={"picture": picture})
    resolved = standin.application.payloads[0]["data"]["resolved"]["attachments"][picture]
    assert resolved["filename"] == "a.png"
    assert (await standin.http.get(resolved["url"])).content == b"bytes"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": "a", "modal": "1"},
        {"command": "a", "channel_id": "9"},
        {"command": "a", "guild_id": "9"},
        {"command": "a", "command_type": 2},
        {"command": "a", "command_type": 2, "target_id": "9"},
        {"message_id": "9", "custom_id": "x"},
        {"modal": "9"},
        {"command": "a", "surprise": 1},
        {"command": "a", "user_id": "ada"},
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(
    standin: StandIn, body: Payload
) -> None:
    refused = await standin.http.post("/control/interactions", json=body)
    assert refused.status_code in (400, 404)
    assert "error" in refused.json() or refused.json()["code"] == 50035


async def test_the_control_api_never_shows_a_token(standin: StandIn) -> None:
    sent = await standin.send()
    interaction = standin.backend.interactions.find(sent["interaction_id"])
    assert interaction is not None
    for path in (
        f"/control/interactions/{interaction.id}",
        "/control/interactions",
        "/control/snapshot",
    ):
        assert interaction.token not in (await standin.http.get(path)).text
    assert interaction.token not in repr(interaction)


async def test_hostile_text_reaches_the_application_as_it_was_typed(standin: StandIn) -> None:
    prompt = "`**@everyone** <@1> \x00 \u202e عربي 🎨" + "x" * 5_000
    await standin.send(command="imagine", options={"prompt": prompt})
    [payload] = standin.application.payloads
    assert payload["data"]["options"][0]["value"] == prompt


def test_the_fake_application_refuses_a_wrong_signature() -> None:
    application = FakeApplication()
    request = httpx.Request(
        "POST",
        "http://x.test",
        content=json.dumps({"type": 1}),
        headers={"x-signature-ed25519": "00" * 64, "x-signature-timestamp": "1"},
    )
    assert asyncio.run(application(request)).status_code == 401
