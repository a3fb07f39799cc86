"""Every common family of text-to-image models as a folder: toy size, random weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from tests.unit.worker.pipeline.tiny_model import tokenizer

_HIDDEN = 16
_UNTYPED: Any = diffusers


def save_family(name: str, folder: Path) -> None:
    """Write a model of the family `sd`, `sdxl`, `sd3` or `flux`; the same weights every time."""
    torch.manual_seed(0)
    FAMILIES[name]().save_pretrained(folder)


def _sd() -> Any:
    """With a safety checker, whose thresholds random weights make meaningless."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {
        "hidden_size": _HIDDEN,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 16,
    }
    return _UNTYPED.StableDiffusionPipeline(
        vae=_vae(4),
        text_encoder=_clip(CLIPTextModel),
        tokenizer=tokenizer(),
        unet=_unet(cross_attention_dim=_HIDDEN),
        scheduler=_UNTYPED.DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=StableDiffusionSafetyChecker(
            CLIPConfig(vision_config=vision, projection_dim=_HIDDEN)
        ),
        feature_extractor=CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
    )


def _sdxl() -> Any:
    return _UNTYPED.StableDiffusionXLPipeline(
        vae=_vae(4, force_upcast=True),
        text_encoder=_clip(CLIPTextModel),
        text_encoder_2=_clip(CLIPTextModelWithProjection),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=_unet(
            cross_attention_dim=2 * _HIDDEN,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + _HIDDEN,
        ),
        scheduler=_UNTYPED.EulerDiscreteScheduler(),
    )


def _sd3() -> Any:
    return _UNTYPED.StableDiffusion3Pipeline(
        transformer=_UNTYPED.SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=8,
            out_channels=8,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=2 * _HIDDEN,
            caption_projection_dim=16,
            pooled_projection_dim=2 * _HIDDEN,
            pos_embed_max_size=32,
        ),
        scheduler=_UNTYPED.FlowMatchEulerDiscreteScheduler(),
        vae=_vae(8, shift_factor=0.1, quant=False),
        text_encoder=_clip(CLIPTextModelWithProjection),
        text_encoder_2=_clip(CLIPTextModelWithProjection),
        text_encoder_3=_t5(2 * _HIDDEN),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        tokenizer_3=_words(),
    )


def _flux() -> Any:
    return _UNTYPED.FluxPipeline(
        transformer=_UNTYPED.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=_HIDDEN,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
        scheduler=_UNTYPED.FlowMatchEulerDiscreteScheduler(),
        vae=_vae(4, shift_factor=0.1, quant=False),
        text_encoder=_clip(CLIPTextModel),
        text_encoder_2=_t5(32),
        tokenizer=tokenizer(),
        tokenizer_2=_words(),
    )


def _vae(channels: int, quant: bool = True, **config: Any) -> Any:
    return _UNTYPED.AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        use_quant_conv=quant,
        use_post_quant_conv=quant,
        **config,
    )


def _unet(**config: Any) -> Any:
    return _UNTYPED.UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        **config,
    )


def _clip(kind: Any) -> Any:
    return kind(
        CLIPTextConfig(
            vocab_size=514,
            hidden_size=_HIDDEN,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            projection_dim=_HIDDEN,
            bos_token_id=512,
            eos_token_id=513,
        )
    )


def _t5(width: int) -> Any:
    return T5EncoderModel(
        T5Config(vocab_size=8, d_model=width, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    )


def _words() -> PreTrainedTokenizerFast:
    vocabulary = {"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "red": 4, "circle": 5}
    known = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    known.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=known,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=77,
    )


FAMILIES: dict[str, Callable[[], Any]] = {"sd": _sd, "sdxl": _sdxl, "sd3": _sd3, "flux": _flux}
