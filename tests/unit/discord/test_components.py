"""The buttons under an answer, and their custom_id, which is read back as it was written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.answer_layouts import DrawnPicture, answered, queued
from discord_diffusion.discord.components import (
    CUSTOM_ID_LENGTH,
    ButtonAction,
    CustomId,
)
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.layout import ShownPicture
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.texts.catalogue import LANGUAGES
from discord_stand_in.validation.layout import layout_components
from tests.messages import buttons_of

PARAMETERS = GenerationParameters("a red circle", 7, 25, 7.5, 512, 512, 4)
snowflakes = st.integers(1, 2**64 - 1).map(str)


def ids(components: list[dict[str, Any]]) -> list[CustomId]:
    return [CustomId.decode(one) for one in buttons_of({"components": components})]


def answer(
    job_id: str, locale: str, parameters: GenerationParameters, indices: list[int]
) -> list[dict[str, Any]]:
    """The components of an answer with pictures of these indices."""
    pictures = [
        DrawnPicture(index, 7 + index, ShownPicture(f"{index}.png", "alt")) for index in indices
    ]
    return answered(job_id, parameters, locale, pictures, ["facts"])


@given(snowflakes, st.sampled_from(LANGUAGES), st.sets(st.integers(0, 3), min_size=1).map(sorted))
def test_discord_accepts_the_buttons_of_every_answer(
    job_id: str, locale: str, pictures: list[int]
) -> None:
    components = answer(job_id, locale, PARAMETERS, pictures)
    layout_components(components)
    assert {one.job_id for one in ids(components)} == {job_id}
    of_a_picture = ("vary", "upscale", "seed", "zoom_out", "pan")
    for action in map(ButtonAction, of_a_picture):
        assert [one.index for one in ids(components) if one.action == action] == pictures


def test_each_picture_has_a_row_below_its_seed() -> None:
    [box] = answer("5", "en", PARAMETERS, [0, 2])
    parts = box["components"]
    kinds = [one["type"] for one in parts]
    assert kinds == [10, 12, 10, 1, 10, 1, 14, 10, 1]
    assert parts[4]["content"] == "-# **3** · seed 9"
    assert {one.index for one in ids([parts[5]])} == {2}


def test_the_only_button_of_a_queued_job_is_cancel() -> None:
    components = queued("5", PARAMETERS, "de", "facts", ["status"])
    layout_components(components)
    assert ids(components) == [CustomId("cancel", "5")]


def test_a_picture_at_the_size_limit_can_only_be_drawn_from_farther_away() -> None:
    large = GenerationParameters("x", 1, 5, 5.0, 4096, 512, 1)
    twice = GenerationParameters(
        "x", 1, 5, 5.0, 2048, 512, 1, source=SourceImage("https://x/y", 0.3, 2)
    )
    for parameters in (large, twice):
        actions = {one.action for one in ids(answer("5", "en", parameters, [0]))}
        assert actions == {
            ButtonAction.VARY,
            ButtonAction.REROLL,
            ButtonAction.EDIT,
            ButtonAction.SEED,
            ButtonAction.ZOOM_OUT,
            ButtonAction.START,
            ButtonAction.DELETE,
        }


@given(
    st.from_regex(r"[a-z_]{1,32}", fullmatch=True),
    st.integers(0, 2**64 - 1).map(str),
    st.integers(0, 99),
)
def test_a_custom_id_is_read_back_as_it_was_written(action: str, job_id: str, index: int) -> None:
    custom_id = CustomId(action, job_id, index)
    assert CustomId.decode(custom_id.encode()) == custom_id
    assert len(custom_id.encode()) <= CUSTOM_ID_LENGTH[1]


@given(st.text(max_size=120))
def test_a_foreign_custom_id_is_refused_or_encoded_back_unchanged(text: str) -> None:
    try:
        decoded = CustomId.decode(text)
    except InvalidCustomIdError:
        return
    assert CustomId.decode(decoded.encode()) == decoded


def test_a_custom_id_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(InvalidCustomIdError):
        CustomId("re:roll", "1").encode()
