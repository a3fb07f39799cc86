"""Buttons and forms: within Discord's limits, and readable after any restart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.components import (
    ButtonAction,
    CustomId,
    answer_buttons,
    queued_job_buttons,
)
from discord_diffusion.discord.responses import edit_modal, submitted_options
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.texts.catalogue import LANGUAGES
from emulation.discord.validation.components import message_components
from emulation.discord.validation.modals import modal

PARAMETERS = GenerationParameters("a red circle", 7, 25, 7.5, 512, 512, 4)
snowflakes = st.integers(1, 2**64 - 1).map(str)


def ids(rows: list[dict[str, Any]]) -> list[CustomId]:
    return [CustomId.decode(button["custom_id"]) for row in rows for button in row["components"]]


@given(snowflakes, st.sampled_from(LANGUAGES), st.sets(st.integers(0, 3)).map(sorted))
def test_every_row_of_buttons_is_one_that_discord_takes(
    job_id: str, locale: str, pictures: list[int]
) -> None:
    rows = answer_buttons(job_id, locale, PARAMETERS, pictures)
    message_components(rows)
    assert {one.job_id for one in ids(rows)} == {job_id}
    assert [one.index for one in ids(rows) if one.action == ButtonAction.VARY] == pictures
    assert [one.index for one in ids(rows) if one.action == ButtonAction.UPSCALE] == pictures


def test_a_waiting_job_can_be_cancelled_and_nothing_else() -> None:
    rows = queued_job_buttons("5", "de")
    message_components(rows)
    assert ids(rows) == [CustomId("cancel", "5")]


def test_a_picture_at_the_limit_is_not_enlarged_once_more() -> None:
    large = GenerationParameters("x", 1, 5, 5.0, 4096, 512, 1)
    twice = GenerationParameters(
        "x", 1, 5, 5.0, 2048, 512, 1, source=SourceImage("https://x/y", 0.3, 2)
    )
    for parameters in (large, twice):
        verbs = {one.action for one in ids(answer_buttons("5", "en", parameters, [0]))}
        assert verbs == {
            ButtonAction.VARY,
            ButtonAction.REROLL,
            ButtonAction.EDIT,
            ButtonAction.SEED,
            ButtonAction.DELETE,
        }


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("seed", [None, 2**32 - 1])
def test_the_form_is_one_that_discord_takes_and_shows_the_old_values(
    locale: str, seed: int | None
) -> None:
    old = GenerationParameters("x" * 6000, 7, 25, 7.5, 512, 512, 4, negative_prompt="blue")
    form = edit_modal("5", locale, old, seed=seed)
    modal(form["data"])
    values = {
        row["components"][0]["custom_id"]: row["components"][0].get("value", "")
        for row in form["data"]["components"]
    }
    assert values["negative_prompt"] == "blue"
    assert values["seed"] == ("" if seed is None else str(seed))
    assert (values["steps"], values["guidance"]) == ("25", "7.5")


def test_what_is_filled_in_becomes_options_and_nonsense_stays_to_be_named() -> None:
    fields = {"prompt": " a star ", "seed": "", "steps": "12", "guidance": "7,5", "x": "y"}
    assert submitted_options(fields) == {"prompt": "a star", "steps": 12, "guidance": 7.5, "x": "y"}
    assert submitted_options({"steps": "many"}) == {"steps": "many"}
