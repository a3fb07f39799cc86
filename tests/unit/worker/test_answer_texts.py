"""The texts of answers, progress messages and apologies."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.texts.answers import (
    FAILURE_MARK,
    apology_for,
    apology_without_request,
    is_apology,
    is_picture,
)
from discord_diffusion.texts.catalogue import LANGUAGES, texts
from discord_diffusion.worker.answer import (
    alt_text,
    answer_content,
    embedded_parameters,
    file_stem,
)
from discord_diffusion.worker.progress import progress_text
from tests.unit.worker.fakes import MODEL, TOKEN, make_generation, make_job, make_parameters


def test_an_answer_states_the_parameters_and_the_seed_of_each_picture() -> None:
    job = make_job(images=3, seed=40, negative_prompt="blue")
    assert answer_content(job, make_generation(job.parameters), "Knows colours only.") == (
        "> a red circle\n"
        "> without: blue\n"
        "**3 pictures** · 32×32 · 3 steps · guidance 2 · 0.4 s\n"
        "seeds 40, 41, 42\n"
        "-# Knows colours only."
    )


def test_the_answer_to_one_picture_is_in_the_singular() -> None:
    job = make_job(images=1)
    assert "**1 picture** ·" in answer_content(job, make_generation(job.parameters))
    assert "\nseed 7" in answer_content(job, make_generation(job.parameters))


def test_the_answer_states_how_many_pictures_the_safety_checker_held_back() -> None:
    job = make_job(images=4, seed=1)
    text = answer_content(job, make_generation(job.parameters, filtered=1))
    assert "**3 pictures**" in text
    assert "seeds 2, 3, 4" in text
    assert "drawn and so charged: 1 picture" in text


def test_an_answer_without_pictures_says_that_all_were_held_back() -> None:
    job = make_job(images=2)
    text = answer_content(job, make_generation(job.parameters, filtered=2))
    assert text.startswith(FAILURE_MARK)
    assert "held back every picture" in text


def test_progress_counts_steps_and_a_failure_names_the_job() -> None:
    job = make_job()
    assert progress_text(job).endswith("**Working on it…**")
    assert progress_text(job, 2, 4).endswith("**Working… 2 of 4 steps**")
    failed = apology_for(job.id, job.parameters, "It broke.", "en")
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
    texts = [
        progress_text(job, 50, 100),
        apology_for(job.id, job.parameters, "reason", "en"),
        answer_content(job, generation, "A notice."),
    ]
    for text in texts:
        text.encode()
        assert len(text) <= 2000
        assert TOKEN not in text
    assert "seeds 4294967292, 4294967293, 4294967294, 4294967295" in texts[2]
    assert texts[2].endswith("-# A notice.")
    assert len(alt_text(job, generation.pictures[0])) <= 1024


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
    for apology in (
        apology_for(job.id, job.parameters, "No. " * 30, "en"),
        apology_without_request(job.id, "No."),
    ):
        assert is_apology(job.id, apology)
        assert not is_apology(other.id, apology)
    assert not is_apology(job.id, progress_text(job, last_try=True))
    held_back = answer_content(job, make_generation(job.parameters, filtered=2))
    assert not is_apology(job.id, held_back)


def test_the_answer_states_how_many_pictures_came_out_black() -> None:
    job = make_job(images=4)
    text = answer_content(job, replace(make_generation(job.parameters), blank=2))
    assert "came out black and did not charge: 2 pictures" in text.lower()


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
    assert contains_no_note(answer_content(job, drawn), locale)
    text = answer_content(job, replace(drawn, unread="on a *red* hill " + "very " * 50))
    assert "on a \\*red\\* hill" in text
    assert len(text.splitlines()[-1]) < 200
    assert text.splitlines()[-1].startswith("-# ")


def contains_no_note(text: str, locale: str) -> bool:
    return texts(locale)["answer.unread"].partition("{")[0] not in text
