"""Sketches: their colours, any layout of latents, and that one that fails costs nothing."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from discord_diffusion.worker.pipeline import sketches
from discord_diffusion.worker.pipeline.sketches import Sketcher, estimate_clean_latents
from discord_diffusion.worker.pipeline_types import Preview
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, load
from tests.unit.worker.pipeline.faults import default_model

NO_ESTIMATE = SimpleNamespace(config={})


def packed(latents: torch.Tensor) -> torch.Tensor:
    """Squares of four latents as one cell of a row, as FLUX.1 and Qwen-Image have them."""
    return torch.nn.functional.pixel_unshuffle(latents, 2).flatten(2).transpose(1, 2)


LAYOUTS = {
    "a grid": lambda latents: latents,
    "a grid of one frame": lambda latents: latents.unsqueeze(2),
    "rows of cells": lambda latents: latents.flatten(2).transpose(1, 2),
    "rows of packed cells": packed,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sketch_finds_the_colours_of_a_linear_decoder_in_any_layout(layout: str) -> None:
    sketcher, generator = Sketcher(), torch.Generator().manual_seed(3)
    weights = torch.randn(3, 4, generator=generator) / 8

    def decode(latents: torch.Tensor) -> torch.Tensor:
        colours = torch.einsum("oc,nchw->nohw", weights, latents) + 0.5
        return colours.clamp(0, 1).repeat_interleave(8, 2).repeat_interleave(8, 3)

    assert not sketcher.ready
    sample, latents = (torch.randn(2, 4, 8, 16, generator=generator) for _ in range(2))
    sketcher.fit(LAYOUTS[layout](sample), decode(sample))
    assert sketcher.ready
    sketch = sketcher.sketch(NO_ESTIMATE, LAYOUTS[layout](latents), [1, 0], (128, 64))
    assert sketch is not None
    small = np.asarray(sketch.resize((32, 8), Image.Resampling.BOX)).astype(float)
    shown = decode(latents)[:, :, ::8, ::8].permute(0, 2, 3, 1)
    wanted = (torch.cat([shown[1], shown[0]], dim=1) * 255).numpy()
    assert np.abs(small - wanted).mean() < 16, "they differ only by the blur of enlarging"


def test_a_sketcher_is_not_fitted_to_nan_latents() -> None:
    sketcher = Sketcher()
    sketcher.fit(torch.full((1, 4, 8, 8), torch.nan), torch.zeros(1, 3, 64, 64))
    assert not sketcher.ready
    sketcher.fit(None, torch.zeros(1, 3, 64, 64))
    assert not sketcher.ready


def test_the_schedulers_own_estimate_is_preferred_to_noisy_latents() -> None:
    latents, guess = torch.full((1, 4, 2, 2), 9.0), torch.ones(1, 4, 2, 2)
    knows = SimpleNamespace(config={"algorithm_type": "dpmsolver++"}, model_outputs=[None, guess])
    assert estimate_clean_latents(knows, latents) is guess
    assert estimate_clean_latents(NO_ESTIMATE, latents).shape == latents.shape


@pytest.mark.parametrize(
    "broken",
    [
        (SimpleNamespace(), torch.zeros(1, 4, 8, 8)),
        (NO_ESTIMATE, torch.zeros(1, 9, 8, 8)),
        (NO_ESTIMATE, torch.zeros(2, 2)),
    ],
    ids=["a scheduler of another kind", "other channels", "two axes"],
)
def test_a_sketch_that_fails_turns_the_sketches_of_the_model_off_and_is_logged_once(
    broken: tuple[Any, torch.Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    sketcher = Sketcher()
    sketcher.fit(torch.rand(1, 4, 8, 8), torch.rand(1, 3, 64, 64))
    with caplog.at_level(logging.WARNING):
        for _time in range(3):
            assert sketcher.sketch(*broken, [0], (64, 64)) is None
    assert not sketcher.ready
    assert [record.message for record in caplog.records] == ["The model has no sketches any more"]
    sketcher.fit(torch.rand(1, 4, 8, 8), torch.rand(1, 3, 64, 64))
    assert not sketcher.ready


def test_a_job_whose_latents_are_no_grid_of_its_size_has_no_sketch_and_the_next_has() -> None:
    sketcher = Sketcher()
    sketcher.fit(torch.rand(1, 63, 4), torch.rand(1, 3, 64, 64))
    assert not sketcher.ready
    sketcher.fit(torch.rand(1, 64, 4), torch.rand(1, 3, 64, 64))
    assert sketcher.sketch(NO_ESTIMATE, torch.rand(1, 63, 4), [0], (64, 64)) is None
    assert sketcher.sketch(NO_ESTIMATE, torch.rand(1, 64, 4), [0], (64, 64)) is not None


def test_latents_that_a_sketcher_cannot_be_fitted_to_turn_it_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sketcher = Sketcher()
    with caplog.at_level(logging.WARNING):
        sketcher.fit(torch.rand(7, 5), torch.rand(1, 3, 64, 64))
        sketcher.fit(torch.rand(7, 5), torch.rand(1, 3, 64, 64))
    assert not sketcher.ready
    assert len(caplog.records) == 1


@pytest.mark.parametrize("method", ["_sketch", "_fit"])
def test_a_job_is_drawn_with_all_steps_though_its_sketches_fail(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(sketches.Sketcher, method, fail)
    generator = load(tiny_model_folder)
    seen: list[object] = []

    def look(_done: int, _steps: int, preview: Preview | None) -> None:
        seen.append(preview(0) if preview else None)

    assert len(draw(generator, make_parameters(), look).pictures) == 2
    assert seen == [None] * 3
    assert not default_model(generator).sketcher.ready


@pytest.mark.parametrize("shape", [(1, 4, 1, 8, 8), (1, 1, 8, 8, 4), (1, 64, 4)])
def test_latents_with_an_axis_of_frames_and_packed_latents_are_a_grid(
    shape: tuple[int, ...],
) -> None:
    sketcher = Sketcher()
    sketcher.fit(torch.rand(shape), torch.rand(1, 3, 64, 64))
    assert sketcher.sketch(NO_ESTIMATE, torch.rand(shape), [0], (64, 64)) is not None
