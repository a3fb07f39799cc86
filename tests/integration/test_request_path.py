"""A signed interaction becomes pictures, through every part that production has."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from emulation.rig.waiting import wait_until
from tests.messages import text_of
from tests.stack import Stack

HOSTILE = {
    "6,000 characters": "circle " * 857 + "x",
    "back-ticks": "a ```red``` `circle` ``",
    "mentions": "@everyone @here <@80351110224678912> <@&41771983423143936> <#41771983423143937>",
    "emoji": "a 🔴 on 🟦 \N{FAMILY} 👩‍👩‍👧‍👦 <:custom:41771983429993937>",
    "right-to-left text": "دائرة حمراء \u202egnp.exe\u202c على خلفية زرقاء",
    "null bytes": "a red\x00 circle\x00",
    "markdown": "# heading\n> quote ||spoiler|| **bold** [link](https://example.org)",
}


@pytest.fixture(autouse=True, scope="module")
def _telemetry(stack: Stack) -> Iterator[None]:
    """No test after these looks at what the telemetry reports."""
    yield
    stack.end_telemetry()


def test_imagine_is_answered_at_once_and_then_with_pictures(stack: Stack, worker: object) -> None:
    options = {"prompt": "a red circle on a blue background", "seed": 42}
    interaction = stack.discord.send("imagine", options)
    answer = stack.discord.wait_for_pictures(interaction, 60)
    history = stack.discord.interaction(interaction)["history"]
    assert "a red circle on a blue background" in text_of(history[0])
    assert "42" in text_of(history[0])
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


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_prompt_gets_a_well_formed_answer(
    stack: Stack, worker: object, kind: str
) -> None:
    options = {"prompt": HOSTILE[kind], "images": 1, "steps": 2}
    interaction = stack.discord.send("imagine", options)
    stack.discord.wait_for_pictures(interaction, 60)
    for version in stack.discord.interaction(interaction)["history"]:
        content = text_of(version)
        assert 0 < len(content) <= 4000
        assert not version["mentions"]
        assert not version["mention_everyone"]
        assert not set(content) & {"\x00", "\u202e", "\u202c"}
        assert content.count("```") % 2 == 0


def test_imagine_works_in_a_direct_message(stack: Stack, worker: object) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a red ring"}, guild_id=None)
    assert len(stack.discord.wait_for_pictures(interaction, 60).pictures) == 4


def test_the_operations_page_gets_an_event_of_every_step(stack: Stack, worker: object) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a red ring", "images": 1})
    stack.discord.wait_for_pictures(interaction, 60)
    path = ["delivered", "verified", "queued", "answered", "leased", "generating", "uploaded"]

    def told() -> list[str]:
        events = stack.discord.interaction(interaction)["events"]
        known = [event for event in events if event["name"] in path]
        return [event["name"] for event in sorted(known, key=lambda event: str(event["at"]))]

    wait_until(lambda: set(told()) == set(path), "every event is on the timeline")
    # A worker may lease the message before the function has said that it is sent; then the answer
    # and the worker run side by side. All else has an order.
    beside = {"queued", "answered"}
    assert [name for name in told() if name not in beside] == [
        name for name in path if name not in beside
    ]
    assert [name for name in told() if name in beside] == ["queued", "answered"]
