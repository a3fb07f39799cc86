"""Stable Diffusion 1.5 and XL at their full size with random weights: nothing is downloaded.

Speed does not depend on the values of weights. The numbers are those of the published
configurations, whose parameters count 859.5 and 2,567 million in the UNet.
"""

from pathlib import Path
from typing import Any

import diffusers
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.unit.worker.pipeline.tiny_model import tokenizer

_UNTYPED: Any = diffusers
_VOCABULARY = 49_408


def save(name: str, folder: Path, device: str) -> None:
    """Write `sd15` or `sdxl` as a model folder in half precision, made on `device`."""
    torch.manual_seed(0)
    with torch.device(device):
        pipe = {"sd15": _sd15, "sdxl": _sdxl}[name]()
    pipe.to(dtype=torch.float16).save_pretrained(folder)


def _sd15() -> Any:
    return _UNTYPED.StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_clip(768, 3072, 12, 12, "quick_gelu")),
        tokenizer=tokenizer(),
        unet=_UNTYPED.UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8
        ),
        scheduler=_UNTYPED.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sdxl() -> Any:
    return _UNTYPED.StableDiffusionXLPipeline(
        vae=_vae(force_upcast=True, scaling_factor=0.13025),
        text_encoder=CLIPTextModel(_clip(768, 3072, 12, 12, "quick_gelu")),
        text_encoder_2=CLIPTextModelWithProjection(_clip(1280, 5120, 32, 20, "gelu", 1280)),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=_UNTYPED.UNet2DConditionModel(
            sample_size=128,
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10),
            attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        ),
        scheduler=_UNTYPED.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    )


def _vae(**config: Any) -> Any:
    return _UNTYPED.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        sample_size=512,
        **config,
    )


def _clip(
    width: int, inner: int, layers: int, heads: int, activation: str, projection: int = 768
) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=_VOCABULARY,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        hidden_act=activation,
        projection_dim=projection,
        bos_token_id=512,
        eos_token_id=513,
    )
