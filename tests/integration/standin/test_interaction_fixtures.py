"""The fixture interactions are like those that the stand-in sends."""

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.discord.signing import application, encode, interaction, sign
from tests.standin_in_process import Payload, StandIn
from toolchain.layout import Layout

RECORDINGS = Layout.of_this_checkout().root / "fixtures" / "interactions"
FIXTURES = sorted(path.stem for path in RECORDINGS.glob("*.json"))


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_of_the_fixture_application_and_of_one_user(name: str) -> None:
    payload = interaction(name)
    assert payload["application_id"] == application()["application_id"]
    assert payload["version"] == 1
    assert ("member" in payload) != ("user" in payload)
    if payload["type"] != 1:
        assert payload["token"] == f"fixture-token.{payload['id']}"


def test_every_kind_of_interaction_has_a_fixture() -> None:
    payloads = [interaction(name) for name in FIXTURES]
    assert {payload["type"] for payload in payloads} == {1, 2, 3, 4, 5}
    commands = [payload["data"] for payload in payloads if payload["type"] == 2]
    assert {command["type"] for command in commands} == {1, 2, 3}
    options = interaction("command_every_option_type")["data"]["options"]
    assert {option["type"] for option in options} == set(range(3, 12))
    clicks = [payload["data"] for payload in payloads if payload["type"] == 3]
    assert {click["component_type"] for click in clicks} == {2, 3, 5, 6, 7, 8}


def test_a_fixtures_signature_depends_on_timestamp_and_key() -> None:
    body = encode(interaction("ping"))
    assert sign(body, timestamp=1)["X-Signature-Timestamp"] == "1"
    assert sign(body, timestamp=1) == sign(body, timestamp=1)
    assert sign(body, timestamp=1) != sign(body, timestamp=1, seed="00" * 32)


def shape(value: Any) -> Any:
    """The keys and types of a payload, however deep."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("command_without_options", {"command": "imagine"}),
        ("command_dm", {"command": "i", "options": {"prompt": "x"}, "guild_id": None}),
    ],
)
async def test_the_fixtures_have_the_shape_of_sent_payloads(
    standin: StandIn, name: str, action: Payload
) -> None:
    await standin.send(**action)
    [sent] = standin.application.payloads
    expected = interaction(name)
    for payload in (sent, expected):
        del payload["channel"]["last_message_id"]
    assert shape(sent) == shape(expected)


def test_the_fixtures_are_written_as_the_recorder_writes_them() -> None:
    assert len(FIXTURES) >= 10
    for name in FIXTURES:
        text = Path(RECORDINGS, f"{name}.json").read_text("utf-8")
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
