"""Long and weighted prompts: what is encoded, and that no other prompt's picture changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.worker.pipeline import prompt_chunks
from discord_diffusion.worker.pipeline.batch import list_items
from discord_diffusion.worker.pipeline.prompt_tokens import tokens
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, load, pixels
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.test_inpainting import noise
from tests.unit.worker.pipeline.tiny_families import FAMILIES, save_family
from tests.unit.worker.pipeline.tiny_model import tokenizer

LONG = "a red circle on a blue background " * 4
"""A hundred letters, each of which is a token of the toy tokenizer."""


def items(*prompts: str, negative: str = "") -> Any:
    return list_items(
        [
            GenerationRequest(make_parameters(prompt=one, negative_prompt=negative, images=1))
            for one in prompts
        ]
    )


@pytest.mark.parametrize(
    ("prompt", "weights"),
    [
        ("ab", [1, 1]),
        ("a(b:1.5)c", [1, 1.5, 1]),
        ("(a:.5) (b c:2)", [0.5, 2, 2]),
        ("(a:9)", [2]),
        ("(a) [b]", [1] * 6),
        ("(a:b:1.2)", [1] * 9),
        ("(a:)", [1] * 4),
        ("", []),
    ],
)
def test_only_parentheses_with_a_number_are_weights(prompt: str, weights: list[float]) -> None:
    found = tokens(tokenizer(), prompt)
    assert [one.weight for one in found] == weights
    assert all(prompt[one.place] != " " for one in found)


@pytest.mark.parametrize("family", ["sd", "sdxl", "lcm"])
def test_one_chunk_is_encoded_as_the_pipeline_encodes_it(family: str) -> None:
    """The weight 1 makes it go the other way; it says the same."""
    pipe = FAMILIES[family]()
    given = prompt_chunks.arguments(pipe, items("a (red:1) circle"))
    ours = [given["prompt_embeds"], given["negative_prompt_embeds"]]
    theirs = pipe.encode_prompt("a red circle", device="cpu", num_images_per_prompt=1,
                                do_classifier_free_guidance=True)  # fmt: skip
    if family == "sdxl":
        ours += [given["pooled_prompt_embeds"], given["negative_pooled_prompt_embeds"]]
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-6)


def test_prompts_of_one_chunk_without_weights_are_left_to_the_pipeline() -> None:
    pipe = FAMILIES["sd"]()
    assert prompt_chunks.arguments(pipe, items("a" * 75, negative="b" * 75)) == {}
    assert prompt_chunks.arguments(pipe, items("a" * 76)) != {}
    assert prompt_chunks.arguments(pipe, items("a", negative="b" * 76)) != {}
    for other in ("sd3", "flux"):
        assert prompt_chunks.arguments(FAMILIES[other](), items(LONG)) == {}


@pytest.mark.parametrize("weight", [0.5, 0.500001, 0.499999, 0.25])
def test_weights_that_cancel_the_mean_make_no_states_that_overflow(weight: float) -> None:
    """They would draw a black picture, which is not charged."""
    state = torch.tensor([[[1.0, 3.0], [-1.0, -1.0]]], dtype=torch.float16) * 8
    found = prompt_chunks.stressed(state, torch.tensor([weight, 1.0], dtype=torch.float16))
    assert found.isfinite().all()
    assert found.abs().max() <= 10 * state.abs().max()


def test_a_weight_changes_its_tokens_and_keeps_the_mean() -> None:
    pipe = FAMILIES["sd"]()
    plain, stressed = (
        prompt_chunks.arguments(pipe, items(prompt))["prompt_embeds"]
        for prompt in ("ab(c:1)", "ab(c:1.5)")
    )
    torch.testing.assert_close(stressed.mean(), plain.mean())
    ratio = (stressed / plain)[0].mean(dim=-1)
    torch.testing.assert_close(ratio[3] / ratio[1], torch.tensor(1.5))
    torch.testing.assert_close(ratio[2], ratio[1])


def test_prompts_are_padded_to_as_many_chunks_as_the_longer_one_has() -> None:
    pipe = FAMILIES["sdxl"]()
    given = prompt_chunks.arguments(pipe, items(LONG, negative="b"))
    assert given["prompt_embeds"].shape[:2] == (1, 2 * 77)
    assert given["negative_prompt_embeds"].shape == given["prompt_embeds"].shape
    given = prompt_chunks.arguments(pipe, items("x" * 6000))
    assert given["prompt_embeds"].shape[:2] == (1, 4 * 77)
    assert not given["negative_prompt_embeds"].any()


@pytest.fixture(scope="module", params=["sd", "sdxl", "lcm"])
def generator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_family(request.param, folder)
    return load(folder, SAFETY_CHECKER="none")


def request_of(prompt: str, seed: int, **changes: Any) -> GenerationRequest:
    parameters = make_parameters(prompt=prompt, seed=seed, images=1, guidance=8.0, **changes)
    source = noise((32, 32)) if parameters.source else None
    return GenerationRequest(parameters, source=source)


def test_a_batch_of_prompts_of_all_lengths_has_the_pictures_of_each_alone(generator: Any) -> None:
    requests = [
        request_of(LONG, 1),
        request_of("a red circle", 2),
        request_of("a (red:1.5) circle", 3),
        request_of(LONG * 2, 4),
        request_of("a blue star", 5),
    ]
    seen: list[tuple[int, int]] = []
    together = draw_all(generator, requests, lambda done, steps, _: seen.append((done, steps)))
    for request, made in zip(requests, together, strict=True):
        [mine], [[alone]] = pixels(made), map(pixels, draw_all(generator, [request]))
        assert abs(mine - alone).max() <= 1
        assert made.unread == ""
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_comes_after_the_first_chunk_changes_the_picture(generator: Any) -> None:
    base: GenerationParameters = request_of(LONG, 1).parameters
    first, second = (
        pixels(draw(generator, request_of(LONG + end, 1).parameters))[0] for end in ("x", "yyyyyy")
    )
    assert (first != second).any()
    weighted = request_of(LONG.replace("circle", "(circle:2)", 1), 1).parameters
    assert (pixels(draw(generator, weighted))[0] != pixels(draw(generator, base))[0]).any()


def test_a_long_prompt_is_drawn_from_a_picture_too(generator: Any) -> None:
    source = SourceImage("https://cdn.discordapp.com/a.png", 0.9)
    requests = [request_of(text, 1, source=source) for text in (LONG, LONG + "and a star")]
    [[first]], [[second]] = (map(pixels, draw_all(generator, [one])) for one in requests)
    assert np.asarray(first).shape == (32, 32, 3)
    assert (first != second).any()
    assert default_model(generator).image_to_image
