"""The form in which a request is edited, and its submitted fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.edit_form import edit_form, pan_form, start_form, submitted_options
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import LANGUAGES
from discord_diffusion.texts.formatting import clean, utf16_length
from discord_stand_in.validation.modals import modal
from tests.messages import inputs_of


def form_of(prompt: str, negative: str = "blue", locale: str = "en") -> dict[str, str]:
    """The values of the form for a request, which Discord accepts, by field."""
    old = GenerationParameters(prompt, 7, 25, 7.5, 512, 512, 4, negative_prompt=negative)
    response = edit_form("5", locale, old, seed=2**32 - 1)
    modal(response["data"])
    inputs = inputs_of(response["data"])
    assert all(utf16_length(one.get("value", "")) <= one["max_length"] for one in inputs)
    return {one["custom_id"]: one.get("value", "") for one in inputs}


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("seed", [None, 2**32 - 1])
def test_discord_accepts_the_form_and_it_shows_the_old_values(
    locale: str, seed: int | None
) -> None:
    old = GenerationParameters("a star", 7, 25, 7.5, 512, 512, 4, negative_prompt="blue")
    response = edit_form("5", locale, old, seed=seed)
    modal(response["data"])
    shown = {one["custom_id"]: one.get("value", "") for one in inputs_of(response["data"])}
    assert shown == {
        "prompt": "a star",
        "negative_prompt": "blue",
        "seed": "" if seed is None else str(seed),
        "steps": "25",
        "guidance": "7.5",
    }
    assert {label["type"] for label in response["data"]["components"]} == {18}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_long_prompt_has_two_inputs_in_place_of_the_guidance(locale: str) -> None:
    words = ("word " * 1200).strip()
    shown = form_of(words, locale=locale)
    assert list(shown) == ["prompt", "prompt.next_word", "negative_prompt", "seed", "steps"]
    both = form_of(words, words, locale=locale)
    assert list(both)[-2:] == ["negative_prompt.next_word", "seed"]


PROMPTS = (
    st.text(st.sampled_from("ab  \u3000日🟥👩\u200d"), min_size=1, max_size=6000)
    | st.integers(3990, 6000).map(lambda n: "x" * n)
    | st.integers(800, 1200).map(lambda n: ("word " * n).strip())
    | st.integers(800, 1000).map(lambda n: "a   b" * n)
)


@given(PROMPTS.map(clean).filter(bool), PROMPTS.map(clean))
def test_no_character_of_a_prompt_is_lost_when_the_form_is_submitted_as_it_is(
    prompt: str, negative: str
) -> None:
    longest = max(utf16_length(prompt), utf16_length(negative))
    try:
        shown = form_of(prompt, negative)
    except Refusal:
        assert longest > 7000
        return
    # Discord's clients may remove spaces around a value.
    options = submitted_options({name: value.strip() for name, value in shown.items()})
    assert options["prompt"] == prompt
    assert options.get("negative_prompt", "") == negative


def test_a_second_input_that_is_emptied_or_alone_is_a_whole_prompt() -> None:
    assert submitted_options({"prompt": "a", "prompt.next_word": ""}) == {"prompt": "a"}
    assert submitted_options({"prompt": "", "prompt.next_word": "b"}) == {"prompt": "b"}
    assert submitted_options({"prompt": "a", "prompt.continued": "b"}) == {"prompt": "ab"}


def test_submitted_fields_become_options_and_those_that_are_no_number_stay_text() -> None:
    fields: dict[str, Any] = {"prompt": " a star ", "seed": "", "steps": "12", "guidance": "7,5"}
    fields["x"] = "y"
    assert submitted_options(fields) == {"prompt": "a star", "steps": 12, "guidance": 7.5, "x": "y"}
    assert submitted_options({"steps": "many"}) == {"steps": "many"}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_discord_accepts_the_form_for_a_picture_to_begin_from(locale: str) -> None:
    for prompt in ("a star", ("word " * 1200).strip()):
        old = GenerationParameters(prompt, 7, 25, 7.5, 512, 512, 4)
        response = start_form("5", locale, old)
        modal(response["data"])
        image, *_, strength, mask = inputs_of(response["data"])
        for upload in (image, mask):
            assert (upload["type"], upload["file_types"]) == (19, ["image", ".heic", ".heif"])
        assert (image.get("required", True), mask["required"]) == (True, False)
        chosen = [option["value"] for option in strength["options"] if option["default"]]
        assert submitted_options({"strength": chosen[0]}) == {"strength": 0.6}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_discord_accepts_the_form_for_the_side_on_which_a_picture_is_continued(locale: str) -> None:
    old = GenerationParameters(("word " * 1200).strip(), 7, 25, 7.5, 512, 512, 4)
    response = pan_form("5", 3, locale, old)
    modal(response["data"])
    assert response["data"]["custom_id"] == "pan:5:3"
    direction, *prompt = inputs_of(response["data"])
    assert [one["value"] for one in direction["options"]] == ["left", "right", "up", "down"]
    fields = {one["custom_id"]: one["value"] for one in prompt}
    assert submitted_options(fields) == {"prompt": old.prompt}
