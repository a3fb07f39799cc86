"""A signed interaction becomes pictures, through every part that production has."""

import io

import httpx
import pytest
from PIL import Image

from emulation.errors import AnswerError
from emulation.stack.terraform import Terraform
from fixtures.discord.signing import sign
from tests.integration.conftest import LAYOUT, Stack, StartWorker
from tests.integration.waiting import eventually

HOSTILE = {
    "6,000 characters": "circle " * 857 + "x",
    "back-ticks": "a ```red``` `circle` ``",
    "mentions": "@everyone @here <@80351110224678912> <@&41771983423143936> <#41771983423143937>",
    "emoji": "a 🔴 on 🟦 \N{FAMILY} 👩‍👩‍👧‍👦 <:custom:41771983429993937>",
    "right-to-left text": "دائرة حمراء \u202egnp.exe\u202c على خلفية زرقاء",
    "null bytes": "a red\x00 circle\x00",
    "markdown": "# heading\n> quote ||spoiler|| **bold** [link](https://example.org)",
}


def test_an_imagine_is_answered_at_once_and_then_with_pictures(
    stack: Stack, worker: object
) -> None:
    options = {"prompt": "a red circle on a blue background", "seed": 42}
    interaction = stack.discord.send("imagine", options)
    answer = stack.discord.wait_for_pictures(interaction, 60)
    history = stack.discord.interaction(interaction)["history"]
    assert "a red circle on a blue background" in history[0]["content"]
    assert "42" in history[0]["content"]
    assert history[0]["attachments"] == []
    assert len(answer.pictures) == 4
    for _, content in answer.pictures:
        assert Image.open(io.BytesIO(content)).size == (256, 256)


def test_the_same_seed_gives_the_same_pictures(stack: Stack, worker: object) -> None:
    options = {"prompt": "a green star on a white background", "seed": 7, "images": 2}
    answers = [
        stack.discord.wait_for_pictures(stack.discord.send("imagine", options), 60)
        for _ in range(2)
    ]
    first, second = ([Image.open(io.BytesIO(p)).tobytes() for _, p in a.pictures] for a in answers)
    assert first == second
    assert first[0] != first[1]


def test_a_wrong_signature_never_reaches_the_queue(stack: Stack) -> None:
    body = b'{"type": 2, "id": "1", "token": "t", "data": {"name": "imagine"}}'
    good = sign(body)
    forged = {
        "of another body": sign(body + b" "),
        "missing": {},
        "not hexadecimal": good | {"X-Signature-Ed25519": "zz" * 64},
        "too short": good | {"X-Signature-Ed25519": "00"},
        "of another time": good | {"X-Signature-Timestamp": "1"},
    }
    before = stack.queue_depth()
    for what, headers in forged.items():
        answer = httpx.post(stack.state.interactions_url, content=body, headers=headers)
        assert answer.status_code == 401, what
    assert stack.queue_depth() == before == (0, 0)


def test_the_same_interaction_sent_twice_makes_one_job_and_one_message(
    stack: Stack, start_worker: StartWorker
) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a blue square", "images": 1})
    for _ in range(3):
        stack.discord.redeliver(interaction)
    assert stack.queue_depth() == (1, 0)
    start_worker()
    stack.discord.wait_for_pictures(interaction, 60)
    eventually(lambda: stack.queue_depth() == (0, 0), "the job is deleted")
    found = stack.discord.interaction(interaction)
    assert sum(bool(version["attachments"]) for version in found["history"]) == 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_prompt_gets_a_well_formed_answer(
    stack: Stack, worker: object, kind: str
) -> None:
    options = {"prompt": HOSTILE[kind], "images": 1, "steps": 2}
    interaction = stack.discord.send("imagine", options)
    stack.discord.wait_for_pictures(interaction, 60)
    for version in stack.discord.interaction(interaction)["history"]:
        content = version["content"]
        assert 0 < len(content) <= 2000
        assert not version["mentions"]
        assert not version["mention_everyone"]
        assert not set(content) & {"\x00", "\u202e", "\u202c"}
        assert content.count("```") % 2 == 0


def test_a_command_nobody_registered_gets_a_polite_answer(stack: Stack) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "x"}, raw={"data": {"name": "gone"}})
    with pytest.raises(AnswerError, match=r"(?i)command"):
        stack.discord.wait_for_pictures(interaction, 10)


def test_an_imagine_in_a_direct_message_works(stack: Stack, worker: object) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a red ring"}, guild_id=None)
    assert len(stack.discord.wait_for_pictures(interaction, 60).pictures) == 4


def test_after_apply_the_plan_is_empty(stack: Stack) -> None:
    assert Terraform(LAYOUT, stack.folder.path / "terraform").is_up_to_date()
