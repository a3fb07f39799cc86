"""The modal in which a request is edited, and its submitted fields."""

import pytest

from discord_diffusion.discord.responses import edit_modal, submitted_options
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import LANGUAGES
from emulation.discord.validation.modals import modal


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("seed", [None, 2**32 - 1])
def test_discord_accepts_the_edit_modal_and_it_shows_the_old_values(
    locale: str, seed: int | None
) -> None:
    old = GenerationParameters("x" * 6000, 7, 25, 7.5, 512, 512, 4, negative_prompt="blue")
    response = edit_modal("5", locale, old, seed=seed)
    modal(response["data"])
    values = {
        row["components"][0]["custom_id"]: row["components"][0].get("value", "")
        for row in response["data"]["components"]
    }
    assert values["negative_prompt"] == "blue"
    assert values["seed"] == ("" if seed is None else str(seed))
    assert (values["steps"], values["guidance"]) == ("25", "7.5")


def test_submitted_fields_become_options_and_those_that_are_no_number_stay_text() -> None:
    fields = {"prompt": " a star ", "seed": "", "steps": "12", "guidance": "7,5", "x": "y"}
    assert submitted_options(fields) == {"prompt": "a star", "steps": 12, "guidance": 7.5, "x": "y"}
    assert submitted_options({"steps": "many"}) == {"steps": "many"}
