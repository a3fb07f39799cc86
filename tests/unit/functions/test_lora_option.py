"""The option `lora`: what users type, what is completed, and what a job has of it."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.discord.components import ButtonAction
from discord_diffusion.jobs.loras import LoraSpec
from tests.messages import text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller
from tests.unit.functions.test_refusals import Scene


def drawn_with(**options: Any) -> str | None:
    scene = Scene(make_caller(), "en")
    scene.imagine(**options)
    (job,) = scene.caller.queue.jobs
    return job.parameters.lora


@pytest.mark.parametrize(
    ("typed", "lora"),
    [
        (None, None),
        (" , ", None),
        ("ink", "ink:0.8"),
        ("INK : 0.5", "ink:0.5"),
        ("line:1,ink", "ink:0.8,line:1"),
        ("ink,line:1.0", "ink:0.8,line:1"),
        ("wash:-2, chalk:0, line:0.125", "chalk:0,line:0.12,wash:-2"),
    ],
)
def test_a_set_has_one_text_however_it_is_typed(typed: str | None, lora: str | None) -> None:
    assert drawn_with(**({} if typed is None else {"lora": typed})) == lora


@pytest.mark.parametrize("typed", ["ink:", "ink:x", "ink:nan", "ink:1e0", "ink:0,8", "ink,ink:1"])
def test_what_is_no_set_is_refused_before_the_queue(typed: str) -> None:
    scene = Scene(make_caller(), "en")
    assert "Nothing was charged" in text_of(scene.imagine(lora=typed)["data"])
    assert scene.caller.queue.jobs == []


def test_a_lora_may_be_for_several_models() -> None:
    assert drawn_with(lora="line", model="second") == "line:1"
    scene = Scene(make_caller(), "en")
    refused = scene.imagine(lora="ink", model="second")
    assert "“ink” was made for another model" in text_of(refused["data"])


@pytest.mark.parametrize(("trigger", "blocklist"), [("a nude", ()), ("3v1l", ("evil",))])
def test_what_a_prompt_and_trigger_words_ask_for_together_is_checked(
    trigger: str, blocklist: tuple[str, ...]
) -> None:
    known = {"odd": LoraSpec("x", trigger=trigger)}
    scene = Scene(make_caller(replace(SETTINGS, loras=known)), "en")
    scene.caller.guilds.set_settings(blocklist=blocklist)
    answer = scene.imagine(prompt="a kid in the park", lora="odd")
    assert "not allowed" in text_of(answer["data"])
    assert scene.caller.queue.jobs == []
    assert scene.caller.guilds.audited[0]["prompt"] == f"a kid in the park, {trigger}"
    scene.imagine(prompt="a kid in the park")
    assert len(scene.caller.queue.jobs) == 1


def choices(caller: Caller, typed: str, **options: Any) -> list[str]:
    payload = imagine(prompt="x", **options) | {"type": 4}
    focused = {"name": "lora", "type": 3, "value": typed, "focused": True}
    payload["data"]["options"].append(focused)
    return [choice["value"] for choice in caller.content(payload)["data"]["choices"]]


def test_a_choice_completes_the_last_of_the_text(caller: Caller) -> None:
    assert choices(caller, "") == ["ink:0.8", "line:1", "chalk:1", "wash:1"]
    assert choices(caller, "in") == ["ink:0.8", "line:1"]
    assert choices(caller, "ink:0.5, l") == ["ink:0.5, line:1", "ink:0.5, chalk:1"]
    assert choices(caller, "ink,line,chalk,") == []
    assert choices(caller, "", model="second") == ["line:1", "gold:1"]
    caller.guilds.set_settings(model="second")
    assert choices(caller, "") == ["line:1", "gold:1"]


def test_buttons_keep_the_loras_that_there_still_are() -> None:
    scene = Scene(make_caller(), "en")
    scene.click(f"{ButtonAction.REROLL}:{scene.job(lora='ink:0.5')}:0")
    (again,) = scene.caller.queue.jobs
    assert again.parameters.lora == "ink:0.5"
    without = Scene(make_caller(replace(SETTINGS, loras={})), "en")
    refused = without.click(f"{ButtonAction.REROLL}:{without.job(lora='ink:0.5')}:0")
    assert "There is no LoRA “ink” here" in text_of(refused["data"])
    assert without.caller.queue.jobs == []
