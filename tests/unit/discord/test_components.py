"""The buttons under an answer, and their custom_id, which is read back as it was written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.components import (
    CUSTOM_ID_LENGTH,
    ButtonAction,
    CustomId,
    answer_buttons,
    queued_job_buttons,
)
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.texts.catalogue import LANGUAGES
from emulation.discord.validation.components import message_components

PARAMETERS = GenerationParameters("a red circle", 7, 25, 7.5, 512, 512, 4)
snowflakes = st.integers(1, 2**64 - 1).map(str)


def ids(rows: list[dict[str, Any]]) -> list[CustomId]:
    return [CustomId.decode(button["custom_id"]) for row in rows for button in row["components"]]


@given(snowflakes, st.sampled_from(LANGUAGES), st.sets(st.integers(0, 3)).map(sorted))
def test_discord_accepts_the_buttons_of_every_answer(
    job_id: str, locale: str, pictures: list[int]
) -> None:
    rows = answer_buttons(job_id, locale, PARAMETERS, pictures)
    message_components(rows)
    assert {one.job_id for one in ids(rows)} == {job_id}
    assert [one.index for one in ids(rows) if one.action == ButtonAction.VARY] == pictures
    assert [one.index for one in ids(rows) if one.action == ButtonAction.UPSCALE] == pictures


def test_the_only_button_of_a_queued_job_is_cancel() -> None:
    rows = queued_job_buttons("5", "de")
    message_components(rows)
    assert ids(rows) == [CustomId("cancel", "5")]


def test_a_picture_at_the_size_limit_has_no_upscale_button() -> None:
    large = GenerationParameters("x", 1, 5, 5.0, 4096, 512, 1)
    twice = GenerationParameters(
        "x", 1, 5, 5.0, 2048, 512, 1, source=SourceImage("https://x/y", 0.3, 2)
    )
    for parameters in (large, twice):
        actions = {one.action for one in ids(answer_buttons("5", "en", parameters, [0]))}
        assert actions == {
            ButtonAction.VARY,
            ButtonAction.REROLL,
            ButtonAction.EDIT,
            ButtonAction.SEED,
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
