"""Decoding when memory is short or numbers overflow, and sketches."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image

from discord_diffusion.worker.pipeline.decoding import Sketcher, estimate_clean_latents
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, load, pixels
from tests.unit.worker.pipeline.faults import (
    LATENTS_OF_ONE_PICTURE,
    default_model,
    intercepted,
    out_of_memory_above,
)


def test_a_decoder_short_of_memory_decodes_one_by_one(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder)
    model = default_model(generator)
    parameters = make_parameters(images=3)
    expected = pixels(draw(generator, parameters))
    too_large = out_of_memory_above(LATENTS_OF_ONE_PICTURE)
    with (
        intercepted(model.decoder, "_vae_decode", too_large) as sizes,
        intercepted(model.text_to_image.unet, "forward", lambda _latents: None) as steps,
    ):
        assert np.array_equal(pixels(draw(generator, parameters)), expected)
    assert sizes == [3, 1, 1, 1]
    assert len(steps) == parameters.steps, "nothing is denoised again"


def test_a_decoder_short_of_memory_for_one_picture_decodes_in_tiles(tmp_path: Path) -> None:
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family("sd", tmp_path)
    generator = load(tmp_path)
    model = default_model(generator)
    vae = model.text_to_image.vae
    tiled: list[bool] = []

    def only_in_tiles(_latents: torch.Tensor) -> None:
        tiled.append(bool(vae.use_tiling))
        if not tiled[-1]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with intercepted(model.decoder, "_vae_decode", only_in_tiles):
        assert len(draw(generator, make_parameters(images=1)).pictures) == 1
    assert tiled == [False, True]
    assert not vae.use_tiling


def test_an_autoencoder_that_overflows_goes_on_in_fp32(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    vae, decoder = model.text_to_image.vae, model.decoder
    original = decoder._vae_decode

    def overflow(latents: torch.Tensor, **named: Any) -> Any:
        images = original(latents, **named)[0]
        return (images if latents.dtype is torch.float32 else images + torch.inf,)

    decoder._vae_decode = overflow
    assert vae.dtype is torch.bfloat16
    made = draw(generator, make_parameters(images=2))
    assert len(made.pictures) == 2
    assert vae.dtype is torch.float32


def test_a_sketch_finds_the_colours_of_a_linear_decoder() -> None:
    sketcher, generator = Sketcher(), torch.Generator().manual_seed(3)
    weights = torch.randn(3, 4, generator=generator) / 4

    def decode(latents: torch.Tensor) -> torch.Tensor:
        colours = torch.einsum("oc,nchw->nohw", weights, latents) + 0.1
        return colours.repeat_interleave(8, 2).repeat_interleave(8, 3)

    assert not sketcher.ready
    sample, latents = (torch.randn(2, 4, 8, 8, generator=generator) for _ in range(2))
    sketcher.fit(sample, decode(sample))
    assert sketcher.ready
    sketch = sketcher.sketch(latents)
    small = np.asarray(sketch.resize((16, 8), Image.Resampling.BOX)).astype(float)
    shown = decode(latents).clamp(-1, 1)[:, :, ::8, ::8].permute(0, 2, 3, 1)
    wanted = ((torch.cat(list(shown), dim=1) + 1) * 127.5).numpy()
    assert np.abs(small - wanted).mean() < 12, "they differ only by the blur of enlarging"


def test_a_sketcher_is_not_fitted_to_nan_latents() -> None:
    sketcher = Sketcher()
    sketcher.fit(torch.full((1, 4, 8, 8), torch.nan), torch.zeros(1, 3, 64, 64))
    assert not sketcher.ready


def test_the_schedulers_own_estimate_is_preferred_to_noisy_latents() -> None:
    latents, guess = torch.full((1, 4, 2, 2), 9.0), torch.ones(1, 4, 2, 2)
    knows = SimpleNamespace(config={"algorithm_type": "dpmsolver++"}, model_outputs=[None, guess])
    assert estimate_clean_latents(knows, latents) is guess
    assert estimate_clean_latents(SimpleNamespace(config={}), latents).shape == latents.shape
