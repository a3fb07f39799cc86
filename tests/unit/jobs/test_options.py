"""The table of the options of /imagine: complete, and read as it says."""

from dataclasses import fields, replace
from typing import Any

import pytest

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.jobs.options import (
    EDITED,
    GUILD_DEFAULTS,
    OPTIONS,
    PARAMETERS,
    OptionKind,
    PictureOption,
    named,
    scheduler_suits,
)
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.validation import SCHEMA_VERSION, Fields, InvalidJobError


def read(option: PictureOption, value: Any, default: object = ...) -> Any:
    return option.read(Fields({option.name: value}, "parameters."), default)


def test_every_parameter_but_source_image_and_style_is_an_option() -> None:
    assert {one.name for one in fields(GenerationParameters)} == {
        *(option.name for option in PARAMETERS),
        "source",
        "style",
    }


def test_every_option_has_one_name_and_what_bounds_it() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
    for option in OPTIONS:
        free = option.kind in (OptionKind.BOOLEAN, OptionKind.FILE)
        assert bool(option.bounds or option.choices) is not free, option.name
        assert (
            option.bounds
            or option.form
            or option.kind is OptionKind.BOOLEAN
            or (not option.is_parameter)
        ), option.name
        assert option.since <= SCHEMA_VERSION, option.name


def test_a_server_has_a_field_for_every_default_that_it_can_set() -> None:
    assert [option.name for option in named(*GUILD_DEFAULTS)] == list(GUILD_DEFAULTS)
    assert set(GUILD_DEFAULTS) <= {one.name for one in fields(GuildSettings)}


def test_the_form_of_edit_shows_parameters_alone_and_not_more_than_discord_allows() -> None:
    assert {option.name for option in EDITED} <= {option.name for option in PARAMETERS}
    assert [option.name for option in EDITED] == [
        "prompt", "negative_prompt", "seed", "steps", "guidance",
    ]  # fmt: skip


def test_what_pictures_of_one_call_share_is_all_but_what_each_picture_has_of_its_own() -> None:
    own = {option.name for option in PARAMETERS if not option.in_batch_key}
    assert own == {"prompt", "negative_prompt", "images", "seed"}


def test_a_parameter_that_may_be_left_out_is_none_where_that_is_its_default() -> None:
    option = PictureOption("clip_skip", OptionKind.WHOLE, (0, 3))
    assert read(option, None, None) is None
    assert read(option, 3, None) == 3
    with pytest.raises(InvalidJobError, match=r"parameters.clip_skip is None, not a whole"):
        read(option, None, 0)
    with pytest.raises(InvalidJobError, match=r"parameters.clip_skip is 4, not a whole number"):
        read(option, 4, None)


def test_a_parameter_of_two_values_is_true_or_false() -> None:
    option = PictureOption("hires", OptionKind.BOOLEAN)
    assert read(option, True) is True
    with pytest.raises(InvalidJobError, match=r"parameters.hires is 1, not true or false"):
        read(option, 1)


@pytest.mark.parametrize("required", [True, False])
def test_only_a_required_text_may_not_be_empty(required: bool) -> None:
    option = PictureOption("style", OptionKind.TEXT, (1, 3), required=required)
    assert read(option, "abc") == "abc"
    if required:
        with pytest.raises(InvalidJobError, match="not a text of 1 to 3"):
            read(option, "")
    else:
        assert read(option, "") == ""


def test_a_message_of_a_version_before_a_parameter_means_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters = GenerationParameters("a star", 7, 25, 7.5, 512, 512, 1)
    newer = [
        replace(option, since=3) if option.name in ("scheduler", "negative_prompt") else option
        for option in PARAMETERS
    ]
    monkeypatch.setattr("discord_diffusion.jobs.parameters.PARAMETERS", newer)
    content = {one.name: getattr(parameters, one.name) for one in fields(GenerationParameters)}
    del content["scheduler"], content["negative_prompt"]
    assert GenerationParameters.read(content, 2) == parameters
    with pytest.raises(InvalidJobError, match=r"parameters.negative_prompt is missing"):
        GenerationParameters.read(content, 3)


@pytest.mark.parametrize("name", ["prompt", "negative_prompt", "seed", "guidance"])
def test_a_parameter_is_none_only_where_that_is_its_default(name: str) -> None:
    parameters = GenerationParameters("a star", 7, 25, 7.5, 512, 512, 1)
    content = {one.name: getattr(parameters, one.name) for one in fields(GenerationParameters)}
    assert GenerationParameters.read(content) == parameters
    with pytest.raises(InvalidJobError, match=rf"parameters.{name} is None, not a"):
        GenerationParameters.read(content | {name: None})


def test_a_parameter_of_any_form_is_none_where_that_is_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters = GenerationParameters("a star", 7, 25, 7.5, 512, 512, 1)
    free = [
        replace(option, form=None, bounds=(1, 64)) if option.name == "scheduler" else option
        for option in PARAMETERS
    ]
    monkeypatch.setattr("discord_diffusion.jobs.parameters.PARAMETERS", free)
    for scheduler in (None, "any text"):
        changed = replace(parameters, scheduler=scheduler)
        assert GenerationParameters.from_json(changed.to_json()) == changed


@pytest.mark.parametrize(
    ("scheduler", "own", "suits"),
    [
        ("DDIMScheduler", "EulerDiscreteScheduler", True),
        ("DDIMScheduler", None, True),
        ("LCMScheduler", "LCMScheduler", True),
        ("DDIMScheduler", "LCMScheduler", False),
        ("DDIMScheduler", "TCDScheduler", False),
    ],
)
def test_a_model_that_jumps_to_the_picture_is_drawn_with_its_own_scheduler_alone(
    scheduler: str, own: str | None, suits: bool
) -> None:
    assert scheduler_suits(scheduler, own) is suits
