"""Writes a model folder whose safety checker flags only certain pictures.

The checker is a real one at toy size with random weights, so what it flags means nothing. Its
threshold lies between pictures that are drawn here as the worker will draw them.
"""

from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from torch.nn.functional import normalize
from transformers import CLIPConfig, CLIPImageProcessor

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.pipeline import tiny_model
from tests.unit.worker.pipeline.drawing import draw_all, load
from tests.unit.worker.pipeline.faults import default_model

_SIDE, _PATCH, _WIDTH = 32, 16, 16
_NEVER = 2.0
"""Above any similarity."""
_UNTYPED: Any = diffusers


def save(folder: Path, drawn: GenerationParameters, flagged: int) -> list[int]:
    """Write the folder; returns the places of the pictures of `drawn` that the checker flags."""
    torch.manual_seed(1)
    tiny_model.save(folder)
    pipe = _UNTYPED.StableDiffusionPipeline.from_pretrained(folder)
    parts = pipe.components | {
        "vae": _varied_decoder(),
        "safety_checker": _checker(),
        "feature_extractor": CLIPImageProcessor(
            size={"shortest_edge": _SIDE}, crop_size={"height": _SIDE, "width": _SIDE}
        ),
    }
    _UNTYPED.StableDiffusionPipeline(**parts).save_pretrained(folder)
    generator = load(folder)
    places = _set_threshold(generator, drawn, flagged)
    safety = default_model(generator).safety_checker
    assert safety
    checker = safety.network
    assert checker is not None
    checker.save_pretrained(folder / "safety_checker")
    return places


def _set_threshold(
    generator: DiffusersGenerator, drawn: GenerationParameters, flagged: int
) -> list[int]:
    """Make a bad concept of the features in which some pictures differ from the others."""
    [made] = draw_all(generator, [GenerationRequest(drawn, safety_check=False)])
    safety = default_model(generator).safety_checker
    assert safety
    checker, extractor = safety.network, safety.processor
    assert checker is not None
    assert extractor is not None
    pictures = [picture.image for picture in made.pictures]
    with torch.inference_mode():
        seen = extractor(pictures, return_tensors="pt").pixel_values
        embeddings = normalize(checker.visual_projection(checker.vision_model(seen)[1]))
        concept = embeddings[0] - embeddings.mean(0)
        likeness = normalize(concept, dim=0) @ embeddings.T
    order = likeness.argsort(descending=True).tolist()
    inside, outside = (float(likeness[order[place]]) for place in (flagged - 1, flagged))
    assert inside - outside > 0.01, "the checker compares in thousandths"
    checker.concept_embeds.data[0] = concept
    checker.concept_embeds_weights.data.fill_(_NEVER)
    checker.concept_embeds_weights.data[0] = (inside + outside) / 2
    checker.special_care_embeds_weights.data.fill_(_NEVER)
    return sorted(order[:flagged])


def _varied_decoder() -> Any:
    """A decoder that amplifies differences: random weights draw nearly the same for any seed."""
    four = (1,) * 4
    vae = _UNTYPED.AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        num_encoder_blocks=four,
        num_decoder_blocks=four,
    )
    last = [layer for layer in vae.decoder.modules() if isinstance(layer, torch.nn.Conv2d)][-1]
    last.weight.data.mul_(300)
    return vae


def _checker() -> StableDiffusionSafetyChecker:
    vision = {
        "hidden_size": _WIDTH,
        "intermediate_size": 2 * _WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": _SIDE,
        "patch_size": _PATCH,
    }
    return StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=_WIDTH))
