"""Decoding when memory is short or numbers overflow."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from discord_diffusion.worker.pipeline.decoding import Decoder
from discord_diffusion.worker.pipeline.warm_up import WarmUp
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


def test_an_autoencoder_that_overflows_in_the_warm_up_stays_in_fp32(
    tiny_model_folder: Path,
) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    with overflowing(model.decoder) as latents:
        WarmUp(model, generator._settings).draw(2)
    assert latents == [torch.bfloat16, torch.float32]
    assert model.text_to_image.vae.dtype is torch.float32
    assert len(draw(generator, make_parameters(images=2)).pictures) == 2


def test_a_model_that_is_loaded_anew_does_not_overflow_again(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    with overflowing(model.decoder):
        generator._measure(None, model)
    generator._models.evict(None)
    anew = default_model(generator)
    assert anew is not model
    assert anew.text_to_image.vae.dtype is torch.float32
    assert anew.text_to_image.unet.dtype is torch.bfloat16
    assert len(draw(generator, make_parameters(images=1)).pictures) == 1


def test_a_job_whose_latents_overflow_changes_nothing_for_the_next(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    usual = make_parameters(images=2)
    before = pixels(draw(generator, usual))
    with overflowing(model.decoder) as latents:
        assert len(draw(generator, make_parameters(images=2, guidance=30.0)).pictures) == 2
    assert latents == [torch.bfloat16, torch.float32]
    assert model.text_to_image.vae.dtype is torch.bfloat16
    assert np.array_equal(pixels(draw(generator, usual)), before)


def test_a_decoder_that_fails_in_fp32_too_has_its_precision_again(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    latents = torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16)
    with (
        overflowing(model.decoder, RuntimeError("no engine")),
        pytest.raises(RuntimeError, match="no engine"),
    ):
        model.decoder.decode(latents)
    assert model.text_to_image.vae.dtype is torch.bfloat16


@pytest.mark.parametrize("in_trial", [False, True])
def test_a_decoder_for_which_fp32_is_too_large_has_its_precision_again(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch, in_trial: bool
) -> None:
    """Networks change tensor by tensor: memory may run out between two of them."""
    generator = load(tiny_model_folder, PRECISION="bf16")
    model = default_model(generator)
    vae = model.text_to_image.vae
    change = vae.to

    def change_in_part(dtype: torch.dtype) -> None:
        if dtype is not torch.float32:
            change(dtype)
            return
        next(vae.parameters()).data = next(vae.parameters()).data.float()
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(vae, "to", change_in_part)
    latents = torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16)
    trial = model.decoder.trial() if in_trial else nullcontext()
    with overflowing(model.decoder), pytest.raises(torch.OutOfMemoryError), trial:
        model.decoder.decode(latents)
    assert {value.dtype for value in vae.parameters()} == {torch.bfloat16}


@contextmanager
def overflowing(decoder: Decoder, in_fp32: Exception | None = None) -> Iterator[list[torch.dtype]]:
    """Half precision gives no numbers, fp32 an error if there is one; yields the precisions."""
    original, seen = decoder._vae_decode, []

    def overflow(latents: torch.Tensor, **named: Any) -> Any:
        seen.append(latents.dtype)
        if latents.dtype is torch.float32 and in_fp32:
            raise in_fp32
        images = original(latents, **named)[0]
        return (images if latents.dtype is torch.float32 else images + torch.inf,)

    decoder._vae_decode = overflow
    try:
        yield seen
    finally:
        decoder._vae_decode = original
