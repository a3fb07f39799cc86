"""Every common family of text-to-image models as a folder: toy size, random weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPImageProcessor, CLIPTextModel, CLIPTextModelWithProjection

from tests.unit.worker.pipeline.tiny_model import tokenizer
from tests.unit.worker.pipeline.tiny_parts import (
    HIDDEN,
    UNTYPED,
    autoencoder,
    clip,
    letters,
    t5,
    unet,
)
from tests.unit.worker.pipeline.tiny_transformers import TRANSFORMERS


def save_family(name: str, folder: Path) -> None:
    """Write a model of a family in `FAMILIES`; the same weights every time."""
    torch.manual_seed(0)
    FAMILIES[name]().save_pretrained(folder)


def _sd() -> Any:
    """With a safety checker, whose thresholds random weights make meaningless."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {
        "hidden_size": HIDDEN,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 16,
    }
    return UNTYPED.StableDiffusionPipeline(
        vae=autoencoder(4),
        text_encoder=clip(CLIPTextModel),
        tokenizer=tokenizer(),
        unet=unet(cross_attention_dim=HIDDEN),
        scheduler=UNTYPED.DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=StableDiffusionSafetyChecker(
            CLIPConfig(vision_config=vision, projection_dim=HIDDEN)
        ),
        feature_extractor=CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
    )


def _sdxl() -> Any:
    """Its text encoders are of different widths, by which files of it are read."""
    wider = 24
    return UNTYPED.StableDiffusionXLPipeline(
        vae=autoencoder(4, force_upcast=True),
        text_encoder=clip(CLIPTextModel),
        text_encoder_2=clip(CLIPTextModelWithProjection, hidden_size=wider),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=unet(
            cross_attention_dim=HIDDEN + wider,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + HIDDEN,
        ),
        scheduler=UNTYPED.EulerDiscreteScheduler(),
    )


def _sd3(**config: Any) -> Any:
    return UNTYPED.StableDiffusion3Pipeline(
        transformer=UNTYPED.SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=2 * HIDDEN,
            caption_projection_dim=16,
            pooled_projection_dim=2 * HIDDEN,
            pos_embed_max_size=32,
            **config,
        ),
        scheduler=UNTYPED.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(16, shift_factor=0.1, quant=False),
        text_encoder=clip(CLIPTextModelWithProjection),
        text_encoder_2=clip(CLIPTextModelWithProjection),
        text_encoder_3=t5(2 * HIDDEN),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        tokenizer_3=letters(),
    )


def _flux() -> Any:
    return UNTYPED.FluxPipeline(
        transformer=UNTYPED.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
        scheduler=UNTYPED.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(4, shift_factor=0.1, quant=False),
        text_encoder=clip(CLIPTextModel),
        text_encoder_2=t5(32),
        tokenizer=tokenizer(),
        tokenizer_2=letters(),
    )


def _sd21() -> Any:
    """Predicts velocity, and has no safety checker."""
    return UNTYPED.StableDiffusionPipeline(
        vae=autoencoder(4),
        text_encoder=clip(CLIPTextModel),
        tokenizer=tokenizer(),
        unet=unet(cross_attention_dim=HIDDEN, use_linear_projection=True),
        scheduler=UNTYPED.DDIMScheduler(
            prediction_type="v_prediction", clip_sample=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sdxl_few_steps(scheduler: str) -> Any:
    """SDXL whose scheduler is set for one to eight steps."""
    pipe = _sdxl()
    pipe.scheduler = getattr(UNTYPED, scheduler)(timestep_spacing="trailing")
    return pipe


def _lcm() -> Any:
    """Takes guidance as an embedding, and no negative prompt."""
    return UNTYPED.LatentConsistencyModelPipeline(
        vae=autoencoder(4),
        text_encoder=clip(CLIPTextModel),
        tokenizer=tokenizer(),
        unet=unet(cross_attention_dim=HIDDEN, time_cond_proj_dim=16),
        scheduler=UNTYPED.LCMScheduler(clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


FAMILIES: dict[str, Callable[[], Any]] = {
    "sd": _sd,
    "sd-2.1": _sd21,
    "sdxl": _sdxl,
    "sdxl-turbo": lambda: _sdxl_few_steps("EulerAncestralDiscreteScheduler"),
    "sdxl-lightning": lambda: _sdxl_few_steps("EulerDiscreteScheduler"),
    "sdxl-hyper": lambda: _sdxl_few_steps("DDIMScheduler"),
    "lcm": _lcm,
    "sd3": _sd3,
    "sd3.5": lambda: _sd3(qk_norm="rms_norm", dual_attention_layers=(0,)),
    "flux": _flux,
} | TRANSFORMERS
