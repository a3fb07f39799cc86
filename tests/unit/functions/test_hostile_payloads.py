"""Malformed and hostile events and payloads: each still gets a well-formed response."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discord_diffusion.discord.layout import TEXT_LENGTH
from discord_diffusion.texts.formatting import utf16_length
from discord_stand_in.validation.layout import layout_components
from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import Caller, event_v1, headers, imagine

same_caller = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
names = st.sampled_from(
    ["headers", "multiValueHeaders", "body", "isBase64Encoded", "version", "requestContext"]
)
header_names = st.sampled_from(
    ["X-Signature-Ed25519", "x-signature-timestamp", "X-SIGNATURE-ED25519"]
)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=130)
values = (
    scalars | st.lists(scalars, max_size=3) | st.dictionaries(header_names, scalars, max_size=3)
)


@same_caller
@given(st.dictionaries(names, values))
def test_an_event_without_a_signature_never_gets_past_the_signature_check(
    caller: Caller, event: dict[str, Any]
) -> None:
    assert caller.endpoint.answer(event)["statusCode"] == 401
    assert caller.queue.jobs == []


@same_caller
@given(st.dictionaries(names, values, min_size=1))
def test_a_signed_event_with_parts_replaced_never_crashes(
    caller: Caller, change: dict[str, Any]
) -> None:
    event = event_v1(json.dumps(imagine(prompt="a star")).encode()) | change
    assert caller.endpoint.answer(event)["statusCode"] in (200, 401)


def test_a_token_that_is_too_long_for_an_address_is_refused_at_the_edge(caller: Caller) -> None:
    longest = imagine(prompt="a star") | {"token": "a" * 2000}
    assert "Queued" in text_of(caller.content(longest)["data"])
    response = caller.post(imagine(prompt="a star") | {"token": "a" * 2001})
    assert response["statusCode"] == 400
    assert response["body"] == '{"error": "its token has more than 2000 characters"}'
    assert len(caller.queue.jobs) == 1


def test_the_names_of_headers_are_case_insensitive(caller: Caller) -> None:
    body = b'{"type":1}'
    for write in (str.upper, str.lower, str.title, str.swapcase):
        renamed = {write(name): value for name, value in headers(body).items()}
        event = {"headers": renamed, "body": body.decode()}
        assert caller.endpoint.answer(event)["statusCode"] == 200


def test_a_prompt_of_6000_hostile_characters_is_answered_and_queued_whole(
    caller: Caller,
) -> None:
    noise = "`@everyone` **x** <@&1> 👩\u200d🚀 \u202eשלום\u202c \x00\u2028 [a](https://b.c) "
    prompt = (noise * 120)[:6000]
    answer = caller.content(imagine(prompt=prompt, negative_prompt=prompt))
    content = text_of(answer["data"])
    assert utf16_length(content) <= TEXT_LENGTH
    layout_components(answer["data"]["components"])
    assert len(content.splitlines()) == 5
    assert "@everyone" not in content.replace(r"\@", "")
    assert not set(content) & set("\x00\u202e\u202c\u2028")
    assert content.splitlines()[2].endswith("guidance 7.5")
    (job,) = caller.queue.jobs
    assert job.parameters.prompt.startswith("`@everyone` **x** <@&1> 👩\u200d🚀 שלום ")


@pytest.mark.parametrize(
    "prompt",
    [
        "\u200b",
        "\ufeff \u200d",
        "\u202e\u202c",
        "\n\n\t",
        "\u3164",
        "\u2800 \u00ad",
        "\U000e0041\ufffc",
    ],
)
def test_a_prompt_of_invisible_characters_is_empty(caller: Caller, prompt: str) -> None:
    assert "is empty" in text_of(caller.content(imagine(prompt=prompt))["data"])
    assert caller.queue.jobs == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": "not a snowflake"},
        {"token": None},
        {"member": {}, "user": None},
        {"application_id": 5},
        {"guild_id": "x"},
        {"attachment_size_limit": 2**40},
    ],
)
def test_a_command_that_could_not_be_answered_later_is_never_queued(
    caller: Caller, change: dict[str, Any]
) -> None:
    answer = caller.content(imagine(prompt="a star") | change)
    assert is_ephemeral(answer["data"])
    assert "snowflake" not in text_of(answer["data"])
    assert caller.queue.jobs == []


def test_unknown_options_are_ignored(caller: Caller) -> None:
    payload = imagine(prompt="a star", sampler="of tomorrow")
    payload["data"]["options"] += [None, 5, {"value": 1}, {"name": "sub", "options": []}]
    assert "Queued" in text_of(caller.content(payload)["data"])


def nested(depth: int) -> dict[str, Any]:
    """`/settings` with sub-commands in each other."""
    payload = imagine()
    option: dict[str, Any] = {"name": "show", "type": 1}
    for _ in range(depth):
        option = {"name": "show", "type": 1, "options": [option]}
    payload["data"] |= {"name": "settings", "options": [option]}
    return payload


@pytest.mark.parametrize("depth", [1, 2, 500, 2000, 100_000])
def test_subcommands_in_each_other_get_an_answer(caller: Caller, depth: int) -> None:
    body = json.dumps(nested(0)).encode()
    inner = b'{"name":"show","type":1}'
    opening, closing = b'{"name":"show","type":1,"options":[', b"]}"
    deep = body.replace(
        json.dumps(json.loads(inner)).encode(), opening * depth + inner + closing * depth
    )
    assert deep != body
    assert caller.post_bytes(deep)["statusCode"] in (200, 400)


def test_a_focused_option_without_a_name_gets_no_choices(caller: Caller) -> None:
    payload = imagine() | {"type": 4}
    payload["data"]["options"] = [{"focused": True, "value": "x"}]
    assert caller.content(payload)["data"]["choices"] == []


any_text = st.text(st.characters(exclude_categories=()), max_size=20)  # with half surrogate pairs
keys = st.sampled_from(
    [
        *("id", "type", "application_id", "token", "locale", "guild_id", "channel_id", "version"),
        *("data", "name", "options", "value", "focused", "resolved", "attachments", "target_id"),
        *("custom_id", "components", "component", "values", "member", "user", "roles", "message"),
        *("permissions", "channel", "nsfw", "parent_id", "content_type", "size", "url", "author"),
        *("interaction_metadata", "attachment_size_limit", "messages", "filename"),
    ]
)
command_names = st.sampled_from(["imagine", "settings", "queue", "cancel", "quota", "help"])
leaves = scalars | any_text | st.integers(0, 9) | command_names | st.floats()
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=15,
)


@settings(parent=same_caller, max_examples=400)
@given(st.integers(1, 6), st.dictionaries(keys, json_values, max_size=12), json_values)
def test_every_signed_body_of_the_schemas_words_gets_an_answer_that_can_be_sent(
    caller: Caller, kind: int, changes: dict[str, Any], data: Any
) -> None:
    payload = imagine(prompt="a star") | {"data": data} | changes | {"type": kind}
    response = caller.post(payload)
    assert response["statusCode"] in (200, 400)
    assert json.loads(response["body"].encode("ascii"))
