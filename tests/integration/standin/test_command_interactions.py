"""The interactions of commands and of autocomplete, as the application receives them."""

import pytest

from tests.standin_in_process import ADA, AFTER_DARK, BORIS, DM, GUILD, Payload, StandIn

pytestmark = pytest.mark.anyio


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


async def test_the_channel_of_an_interaction_says_that_it_is_age_restricted(
    standin: StandIn,
) -> None:
    await standin.send(command="imagine", channel_id=AFTER_DARK)
    assert standin.application.payloads[0]["channel"]["nsfw"] is True


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
    ("options", "reason"),
    [
        ({}, "prompt: this option is required"),
        ({"prompt": 1}, "prompt: 1 is not text"),
        ({"prompt": "x", "steps": 101}, "steps: 101 is more than 100"),
        ({"prompt": "x", "steps": 1.5}, "steps: 1.5 is not a whole number"),
        ({"prompt": "x", "colour": "red"}, "colour: there is no such option"),
    ],
)
async def test_a_strict_action_refuses_options_that_discords_client_refuses(
    standin: StandIn, options: Payload, reason: str
) -> None:
    await standin.bot.put(standin.commands, json=[_command()])
    body = {"command": "imagine", "options": options, "strict": True}
    refused = await standin.http.post("/control/interactions", json=body)
    assert refused.status_code == 400
    assert reason in refused.json()["error"]
    assert standin.application.payloads == []


async def test_user_and_message_commands_carry_their_target(standin: StandIn) -> None:
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


async def test_an_attachment_option_resolves_to_the_uploaded_file(standin: StandIn) -> None:
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
async def test_an_impossible_action_is_refused_with_a_reason(
    standin: StandIn, body: Payload
) -> None:
    refused = await standin.http.post("/control/interactions", json=body)
    assert refused.status_code in (400, 404)
    assert "error" in refused.json() or refused.json()["code"] == 50035


async def test_hostile_text_reaches_the_application_as_it_was_typed(standin: StandIn) -> None:
    prompt = "`**@everyone** <@1> \x00 \u202e عربي 🎨" + "x" * 5_000
    await standin.send(command="imagine", options={"prompt": prompt})
    [payload] = standin.application.payloads
    assert payload["data"]["options"][0]["value"] == prompt
