"""Styles of the deployment and of a guild: who adds them, and what requests with one become."""

import json
from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.jobs.parameters import Style
from discord_diffusion.jobs.styles import parse
from tests.messages import text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller

INK = Style("ink", "{prompt}, ink drawing", "colours", 8, 2.0, "DDIMScheduler")
STYLES = {
    "ink": {"prompt": INK.prompt, "negative_prompt": "colours", "steps": 8, "guidance": 2.0}
    | {"scheduler": "DDIMScheduler"},
    "draft": {"steps": 6},
}


@pytest.fixture
def caller() -> Caller:
    return make_caller(replace(SETTINGS, styles=parse(json.dumps(STYLES))))


def settings(sub: str, *, permissions: str = "32", **given: Any) -> dict[str, Any]:
    options = [{"name": key, "value": value} for key, value in given.items()]
    data = {"name": "settings", "options": [{"name": sub, "type": 1, "options": options}]}
    member = {"user": {"id": "4000"}, "permissions": permissions}
    return imagine() | {"member": member, "data": data}


def choices(caller: Caller, payload: dict[str, Any], typed: str) -> list[str]:
    """The values that autocomplete offers for the last option of a payload."""
    options = payload["data"]["options"]
    options = options[0]["options"] if options[0].get("type") == 1 else options
    options[-1] |= {"focused": True, "value": typed}
    return [one["value"] for one in caller.content(payload | {"type": 4})["data"]["choices"]]


def test_a_request_takes_what_its_style_presets_unless_it_says_otherwise(caller: Caller) -> None:
    caller.content(imagine(prompt="a cat", style="ink"))
    caller.content(imagine(prompt="a cat", style="ink", steps=3, scheduler="PNDMScheduler"))
    caller.content(imagine(prompt="a cat", style="draft"))
    caller.content(imagine(prompt="a cat"))
    styled, own, draft, plain = (job.parameters for job in caller.queue.jobs)
    assert styled.style == own.style == INK
    assert (styled.prompt, styled.drawn_prompt) == ("a cat", "a cat, ink drawing")
    assert styled.drawn_negative_prompt == "colours"
    assert (styled.steps, styled.guidance, styled.scheduler) == (8, 2.0, "DDIMScheduler")
    assert (own.steps, own.guidance, own.scheduler) == (3, 2.0, "PNDMScheduler")
    assert (draft.steps, draft.guidance, draft.scheduler) == (6, plain.guidance, None)
    assert (plain.style, plain.steps) == (None, 12)
    costs = [charge.units for charge in caller.store.charges if charge]
    assert costs[2] < costs[3]


def test_a_style_made_for_other_schedulers_gives_a_few_step_model_its_words_alone(
    caller: Caller,
) -> None:
    caller.content(imagine(prompt="a cat", style="ink", model="second"))
    caller.content(imagine(prompt="a cat", model="second"))
    styled, plain = (job.parameters for job in caller.queue.jobs)
    assert styled.drawn_prompt == "a cat, ink drawing"
    for field in ("steps", "guidance", "scheduler"):
        assert getattr(styled, field) == getattr(plain, field), field


def test_a_deployment_whose_default_model_draws_in_few_steps_takes_its_scheduler_alone() -> None:
    tariff = replace(SETTINGS.tariff, scheduler="LCMScheduler")
    caller = make_caller(replace(SETTINGS, tariff=tariff))
    assert "`scheduler`" in text_of(
        caller.content(imagine(prompt="a cat", scheduler="DDIMScheduler"))["data"]
    )
    assert not caller.queue.jobs
    caller.content(imagine(prompt="a cat", scheduler=None))
    assert len(caller.queue.jobs) == 1


def test_a_guild_adds_its_own_styles_and_takes_them_back(caller: Caller) -> None:
    caller.content(settings("add_style", name=" Ink ", prompt="woodcut of {prompt}", steps=5))
    caller.content(settings("add_style", name="oil", negative_prompt="ink"))
    caller.content(imagine(prompt="a cat", style="ink"))
    assert caller.queue.jobs[0].parameters.style == Style("ink", "woodcut of {prompt}", steps=5)
    assert choices(caller, imagine(prompt="a cat", style=""), "i") == ["ink", "oil"]
    assert choices(caller, imagine(style=""), "") == ["ink", "draft", "oil"]
    assert choices(caller, settings("remove_style", name=""), "") == ["ink", "oil"]
    assert choices(caller, settings("remove_style", permissions="0", name=""), "") == []
    answer = caller.content(settings("remove_style", name="ink"))
    assert "`oil`" in text_of(answer["data"])
    assert "`ink`" not in text_of(answer["data"])
    caller.content(imagine(prompt="a cat", style="ink"))
    assert caller.queue.jobs[1].parameters.style == INK
    assert [entry["action"] for entry in caller.guilds.audited][:2] == ["settings.add_style"] * 2


def test_who_does_not_manage_a_guild_adds_no_style(caller: Caller) -> None:
    caller.content(settings("add_style", permissions="0", name="oil", prompt="oil"))
    assert caller.guilds.settings("2000")[0].styles == ()


def test_without_the_table_the_styles_of_the_deployment_are_offered(caller: Caller) -> None:
    payload = imagine(style="")
    caller.guilds.by_guild.clear()
    assert choices(caller, payload, "") == ["ink", "draft"]
    assert choices(caller, imagine(style="") | {"guild_id": None}, "dr") == ["draft"]


@pytest.mark.parametrize(
    ("template", "prompt"), [("a kid in {prompt}", "the nude"), ("{prompt}, xvil", "e {prompt}")]
)
def test_what_a_style_and_a_prompt_ask_for_together_is_checked(
    caller: Caller, template: str, prompt: str
) -> None:
    caller.guilds.set_settings(styles=(Style("odd", template),), blocklist=("e .{0,20}xvil",))
    answer = caller.content(imagine(prompt=prompt, style="odd"))
    assert caller.queue.jobs == []
    assert "not allowed" in text_of(answer["data"])
    assert caller.guilds.audited[0]["action"] == "blocked"
    assert caller.guilds.audited[0]["prompt"] == template.replace("{prompt}", prompt)
    caller.content(imagine(prompt=prompt))
    assert len(caller.queue.jobs) == 1


def test_a_style_that_a_guild_forbids_is_not_added(caller: Caller) -> None:
    caller.guilds.set_settings(blocklist=("evil",))
    answer = caller.content(settings("add_style", name="dark", prompt="3v1l {prompt}"))
    assert "not allowed" in text_of(answer["data"])
    assert caller.guilds.settings("2000")[0].styles == ()


@pytest.mark.parametrize("verb", ["reroll", "vary", "zoom_out", "pan", "edit"])
def test_buttons_keep_the_style_although_it_was_removed(caller: Caller, verb: str) -> None:
    caller.content(imagine(prompt="a cat", style="ink"))
    [first] = caller.queue.jobs
    name = f"{first.id}-0.png"
    message = {"id": "1", "attachments": [{"filename": name, "url": f"https://cdn.test/{name}"}]}
    data: dict[str, Any] = {"custom_id": f"{verb}:{first.id}:0", "component_type": 2}
    kind = 3
    if verb in ("pan", "edit"):
        inputs = [
            {"type": 21, "custom_id": "direction", "value": "left"},
            {"type": 4, "custom_id": "prompt", "value": "a dog"},
        ]
        data["components"] = [{"type": 18, "component": one} for one in inputs]
        kind = 5
    caller.content(imagine() | {"type": kind, "data": data, "message": message})
    _, second = caller.queue.jobs
    assert second.parameters.style == INK
    assert second.parameters.drawn_prompt.endswith(", ink drawing")


def test_the_parameters_name_the_style(caller: Caller) -> None:
    answer = caller.content(imagine(prompt="a cat", style="ink"))
    assert "> style: ink" in text_of(answer["data"])
