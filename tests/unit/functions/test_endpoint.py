"""The HTTP endpoint: every request gets a response, whatever its event and body are."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discord_diffusion import logs
from discord_diffusion.discord.layout import TEXT_LENGTH
from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import (
    TOKEN,
    Caller,
    event_multi_value,
    event_v1,
    event_v2,
    headers,
    imagine,
)

same_caller = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
)


def test_a_ping_is_answered_with_a_pong(caller: Caller) -> None:
    response = caller.post({"type": 1})
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"type": 1}
    assert response["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize("event", [event_v1, event_v2, event_multi_value])
def test_every_event_format_is_understood(caller: Caller, event: Any) -> None:
    body = json.dumps(imagine(prompt="schöne Grüße 🔴"), ensure_ascii=False).encode()
    assert caller.endpoint.answer(event(body))["statusCode"] == 200
    assert caller.queue.jobs[0].parameters.prompt == "schöne Grüße 🔴"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"headers": None, "body": None},
        {"headers": {"X-Signature-Ed25519": "00" * 64}, "body": "{}"},
        {"headers": {"X-Signature-Ed25519": 5, "X-Signature-Timestamp": None}, "body": {}},
        {"headers": {}, "body": "not base64 !", "isBase64Encoded": True},
        event_v1(b"{}") | {"body": '{"type":1}'},
    ],
)
def test_a_request_without_a_valid_signature_gets_401_and_makes_no_job(
    caller: Caller, event: object
) -> None:
    assert caller.endpoint.answer(event)["statusCode"] == 401
    assert caller.queue.jobs == []


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"null", b'{"type":"1"}', b"[" * 9999])
def test_a_signed_body_that_is_no_interaction_gets_400(caller: Caller, body: bytes) -> None:
    assert caller.post_bytes(body)["statusCode"] == 400


def test_imagine_becomes_a_job_and_the_answer_states_what_was_understood(caller: Caller) -> None:
    payload = imagine(prompt="a `red` circle", seed=42, images=2, guidance=5)
    answer = caller.content(payload)
    (job,) = caller.queue.jobs
    assert (job.id, job.user_id, job.guild_id) == (payload["id"], "4000", "2000")
    assert (job.nsfw, job.locale, job.attachment_size_limit) == (True, "en-US", 26214400)
    assert (job.parameters.seed, job.parameters.images, job.parameters.steps) == (42, 2, 12)
    assert answer["type"] == 4
    text = text_of(answer["data"])
    for part in (r"a \`red\` circle", "Queued", "2 pictures", "seed 42", "512×512", "guidance 5"):
        assert part in text
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert not is_ephemeral(answer["data"])


def test_imagine_works_in_a_direct_message(caller: Caller) -> None:
    payload = imagine(prompt="a star")
    for name in ("member", "guild_id", "channel", "attachment_size_limit"):
        del payload[name]
    caller.content(payload | {"user": {"id": "4001"}})
    (job,) = caller.queue.jobs
    assert (job.user_id, job.guild_id, job.nsfw) == ("4001", None, False)
    assert job.attachment_size_limit == 10 * 1024 * 1024


def test_a_redelivered_interaction_is_the_same_job_with_the_same_seed(caller: Caller) -> None:
    payload = imagine(prompt="a star")
    first, second = (caller.content(payload) for _ in range(2))
    assert first == second
    assert len(caller.queue.jobs) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "`prompt` is missing"),
        ({"prompt": " \x00 "}, "`prompt` is empty"),
        ({"prompt": 5}, "`prompt` must be a text"),
        ({"prompt": "x" * 6001}, "`prompt` must be a text of up to 6000"),
        ({"prompt": "x", "images": 5}, "`images` must be a whole number from 1 to 4"),
        ({"prompt": "x", "images": True}, "`images` must be"),
        ({"prompt": "x", "steps": 1.5}, "`steps` must be a whole number"),
        ({"prompt": "x", "seed": -1}, "`seed` must be"),
        ({"prompt": "x", "guidance": "high"}, "`guidance` must be a number from 0 to 30"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_in_an_ephemeral_answer(
    caller: Caller, options: dict[str, Any], reason: str
) -> None:
    answer = caller.content(imagine(**options))
    assert reason in text_of(answer["data"])
    assert is_ephemeral(answer["data"])
    assert caller.queue.jobs == []


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"type": 2, "data": {"name": "gone"}}, 4),
        ({"type": 2}, 4),
        ({"type": 3, "data": {"custom_id": "reroll:1:0"}}, 4),
        ({"type": 4, "data": {"name": "imagine"}}, 8),
        ({"type": 5, "data": {"custom_id": "edit:1:0"}}, 4),
        ({"type": 77, "data": "of tomorrow"}, 4),
    ],
)
def test_an_unknown_interaction_gets_an_ephemeral_answer(
    caller: Caller, payload: dict[str, Any], kind: int
) -> None:
    answer = caller.content(imagine() | {"data": None} | payload)
    assert answer["type"] == kind
    if kind == 4:
        assert is_ephemeral(answer["data"])


def test_when_the_queue_refuses_the_user_gets_an_apology_in_the_same_answer(
    caller: Caller,
) -> None:
    caller.queue.refuse()
    answer = caller.content(imagine(prompt="a star"))
    assert is_ephemeral(answer["data"])
    assert "try again" in text_of(answer["data"])


def test_an_unexpected_error_is_answered_with_an_apology(caller: Caller) -> None:
    caller.queue.broken = RuntimeError(TOKEN)
    answer = caller.content(imagine(prompt="a star"))
    assert is_ephemeral(answer["data"])


def test_the_log_never_holds_the_token_or_the_body(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(logs.JsonFormatter())
    caller.content(imagine(prompt="a private wish"))
    caller.queue.broken = RuntimeError(TOKEN)
    caller.content(imagine(prompt="a private wish"))
    caller.queue.refuse()
    caller.content(imagine(prompt="a private wish"))
    caller.post_bytes(b"{" + TOKEN.encode())
    caller.endpoint.answer({"headers": headers(b"x"), "body": TOKEN})
    assert len(caplog.records) >= 4
    assert TOKEN not in caplog.text
    assert "private" not in caplog.text
    assert all(json.loads(line) for line in caplog.text.splitlines())


def test_where_tracebacks_are_allowed_an_unknown_error_is_logged_with_text_and_traceback(
    caller: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_options", logs.LogOptions(tracebacks=True))
    caller.queue.broken = RuntimeError("what went wrong")
    caller.content(imagine(prompt="a red circle"))
    [record] = [one for one in caplog.records if one.message == "Unexpected error"]
    assert record.error == "RuntimeError"
    assert record.traceback.startswith("Traceback (most recent call last):")
    assert record.traceback.rstrip().endswith("RuntimeError: what went wrong")


@same_caller
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6000))
def test_any_prompt_gets_a_well_formed_answer(caller: Caller, prompt: str) -> None:
    text = text_of(caller.content(imagine(prompt=prompt))["data"])
    assert 0 < len(text) <= TEXT_LENGTH
    assert "\x00" not in text


@same_caller
@given(st.dictionaries(st.sampled_from([*imagine(), "user", "x"]), json_values))
def test_any_signed_payload_gets_200_or_400_and_never_an_error(
    caller: Caller, change: dict[str, Any]
) -> None:
    response = caller.post(imagine(prompt="a star") | change)
    assert response["statusCode"] in (200, 400)
