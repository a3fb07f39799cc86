"""The texts of answers, progress messages and apologies."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.answer_layouts import apology, drawing
from discord_diffusion.discord.layout import TEXT_LENGTH
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.texts.answers import FAILURE_MARK, is_apology, is_picture
from discord_diffusion.texts.catalogue import LANGUAGES, texts
from discord_diffusion.texts.formatting import utf16_length
from discord_diffusion.worker.answer import alt_text, compose, embedded_parameters, file_stem
from discord_diffusion.worker.pipeline_types import Generation
from discord_diffusion.worker.progress import progress_text
from discord_stand_in.validation.layout import layout_components
from tests.messages import files_of, text_of
from tests.unit.worker.fakes import MODEL, TOKEN, make_generation, make_job, make_parameters


def answer_text(job: Job, generation: Generation, notice: str = "") -> str:
    """What an answer says, in components that Discord takes."""
    components = compose(job, generation, notice=notice).components
    layout_components(components)
    return text_of({"components": components})


def apology_text(job_id: str, reason: str, parameters: GenerationParameters | None = None) -> str:
    """What an apology says, in components that Discord takes."""
    components = apology(job_id, "en", reason, parameters)
    layout_components(components)
    return text_of({"components": components})


def test_an_answer_states_the_parameters_and_the_seed_of_each_picture() -> None:
    job = replace(make_job(images=3, seed=40, negative_prompt="blue"), units=250)
    assert answer_text(job, make_generation(job.parameters), "Knows colours only.") == (
        "> a red circle\n"
        "> without: blue\n"
        "-# **1** · seed 40\n"
        "-# **2** · seed 41\n"
        "-# **3** · seed 42\n"
        "**3 pictures** · 32×32 · 3 steps · guidance 2 · 0.4 s\n"
        "-# Units: 2.5\n"
        "-# Knows colours only."
    )


def test_an_answer_shows_each_picture_with_its_alt_text_and_as_a_spoiler() -> None:
    job = replace(make_job(images=2, seed=40), spoiler=True)
    answer = compose(job, make_generation(job.parameters))
    shown = files_of({"components": answer.components})
    assert [file["filename"] for file in shown] == [file.filename for file in answer.files]
    assert [file["description"] for file in shown] == [
        "Drawn from: a red circle (seed 40)",
        "Drawn from: a red circle (seed 41)",
    ]
    assert all(file["spoiler"] for file in shown)


def test_the_answer_names_what_was_charged_when_pictures_came_out_black() -> None:
    job = replace(make_job(images=4), units=400)
    generation = replace(make_generation(job.parameters), blank=2)
    half = replace(generation, pictures=generation.pictures[:2])
    assert "-# Units: 2" in answer_text(job, half)
    held_back = make_generation(job.parameters, filtered=4)
    assert "-# Units: 4" in answer_text(job, held_back), "it was drawn"


def test_the_answer_to_one_picture_is_in_the_singular() -> None:
    job = make_job(images=1)
    assert "**1 picture** ·" in answer_text(job, make_generation(job.parameters))
    assert "\n-# seed 7" in answer_text(job, make_generation(job.parameters))


def test_the_answer_states_how_many_pictures_the_safety_checker_held_back() -> None:
    job = make_job(images=4, seed=1)
    text = answer_text(job, make_generation(job.parameters, filtered=1))
    assert "**3 pictures**" in text
    assert [line for line in text.splitlines() if "seed" in line] == [
        "-# **2** · seed 2",
        "-# **3** · seed 3",
        "-# **4** · seed 4",
    ]
    assert "drawn and so charged: 1 picture" in text


def test_an_answer_without_pictures_says_that_all_were_held_back() -> None:
    job = make_job(images=2)
    text = answer_text(job, make_generation(job.parameters, filtered=2))
    assert text.startswith(FAILURE_MARK)
    assert "held back every picture" in text


def test_progress_counts_steps_and_a_failure_names_the_job() -> None:
    job = make_job()
    assert progress_text(job).endswith("**Working on it…**")
    assert progress_text(job, 2, 4).endswith("**Working… 2 of 4 steps**")
    failed = apology_text(job.id, "It broke.", job.parameters)
    assert failed.startswith(f"{FAILURE_MARK} It broke.")
    assert job.id in failed


NASTY = st.text(min_size=1, max_size=6000) | st.sampled_from(
    [
        "`" * 6000,
        "@everyone " * 500,
        "\0" * 50,
        "🟥" * 6000,
        "‮" * 9,
        "]" * 6000,
        "\ud800",
        "> \n" * 9,
    ]
)


@given(prompt=NASTY, negative=NASTY)
def test_every_text_keeps_discords_limits_whatever_the_prompt(prompt: str, negative: str) -> None:
    job = make_job(prompt=prompt, negative_prompt=negative, images=4, seed=2**32 - 4)
    generation = make_generation(job.parameters)
    shown = drawing(job.parameters, job.locale, progress_text(job, 50, 100), None)
    layout_components(shown)
    texts = [
        text_of({"components": shown}),
        apology_text(job.id, "reason", job.parameters),
        answer_text(job, generation, "A notice."),
    ]
    for text in texts:
        assert len(text.encode()) <= 10_000
        assert utf16_length(text) <= TEXT_LENGTH + text.count("\n")
        assert TOKEN not in text
    assert "seed 4294967295" in texts[2]
    assert texts[2].endswith("-# A notice.")
    assert len(alt_text(job, generation.pictures[0].seed)) <= 1024


@pytest.mark.parametrize(
    ("changes", "scale", "expected"),
    [
        (
            {},
            1,
            "a red circle\nSteps: 3, Sampler: DDIMScheduler, CFG scale: 2, Seed: 9, Size: 32x32, "
            "Model: tiny",
        ),
        (
            {"negative_prompt": "blue\nsky"},
            4,
            "a red circle\nNegative prompt: blue sky\nSteps: 3, Sampler: DDIMScheduler, "
            "CFG scale: 2, Seed: 9, Size: 32x32, Model: tiny, Enlarged: 4x",
        ),
    ],
)
def test_embedded_parameters_are_in_the_form_that_tools_read(
    changes: dict[str, Any], scale: int, expected: str
) -> None:
    parameters = make_parameters(**changes)
    assert embedded_parameters(parameters, 9, MODEL, scale) == expected


@pytest.mark.parametrize("prompt", ["a red circle", "*" * 6000, "🔴" * 3000])
def test_an_apology_is_recognised_as_that_of_its_job(prompt: str) -> None:
    job, other = make_job(prompt=prompt, negative_prompt=prompt), make_job()
    for text in (apology_text(job.id, "No. " * 30, job.parameters), apology_text(job.id, "No.")):
        assert is_apology(job.id, text)
        assert not is_apology(other.id, text)
    assert not is_apology(job.id, progress_text(job, last_try=True))
    held_back = answer_text(job, make_generation(job.parameters, filtered=2))
    assert not is_apology(job.id, held_back)


def test_the_answer_states_how_many_pictures_came_out_black() -> None:
    job = make_job(images=4)
    text = answer_text(job, replace(make_generation(job.parameters), blank=2))
    assert "came out black and did not charge: 2 pictures" in text.lower()


def test_the_embedded_parameters_name_the_loras_as_common_tools_do() -> None:
    text = embedded_parameters(make_parameters(lora="gold:1,ink:0.5"), 7, MODEL, 1)
    assert text.splitlines()[0].endswith(" <lora:gold:1> <lora:ink:0.5>")


def test_the_embedded_parameters_of_a_picture_from_a_source_image_state_the_strength() -> None:
    source = SourceImage("https://cdn.discordapp.com/attachments/1/2/cat.png", 0.35, scale=2)
    text = embedded_parameters(make_parameters(source=source), 7, MODEL, 1)
    assert "Size: 64x64" in text
    assert "Denoising strength: 0.35" in text


def test_pictures_that_are_marked_as_spoilers_have_the_prefix_of_spoilers() -> None:
    job = replace(make_job(), spoiler=True)
    name = file_stem(job, make_generation(job.parameters).pictures[1])
    assert name == f"SPOILER_{job.id}-1"
    assert is_picture(job.id, f"{name}.png")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_user_reads_what_of_a_long_description_the_model_did_not_read(locale: str) -> None:
    job = replace(make_job(), locale=locale)
    drawn = make_generation(job.parameters)
    assert contains_no_note(answer_text(job, drawn), locale)
    text = answer_text(job, replace(drawn, unread="on a *red* hill " + "very " * 50))
    assert "on a \\*red\\* hill" in text
    assert len(text.splitlines()[-1]) < 200
    assert text.splitlines()[-1].startswith("-# ")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_negative_prompt_that_has_no_effect_is_told(locale: str) -> None:
    """Models of few steps are drawn without guidance, the default deployment's among them."""
    text = texts(locale)["answer.unguided"]
    for negative, guidance, is_told in (
        ("text", 1.0, True),
        ("text", 1.5, False),
        ("", 1.0, False),
    ):
        parameters = make_parameters(negative_prompt=negative, guidance=guidance)
        job = replace(make_job(), locale=locale, parameters=parameters)
        told = answer_text(job, make_generation(job.parameters))
        assert (f"-# {text.format(guidance='1')}" in told) is is_told


def contains_no_note(text: str, locale: str) -> bool:
    return texts(locale)["answer.unread"].partition("{")[0] not in text
