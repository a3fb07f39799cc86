"""Stable Diffusion's own classes at toy size, with random weights, saved as a model folder."""

from pathlib import Path
from typing import Any

import diffusers
import torch
from tokenizers import pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

SIZE = 32
"""Pixels of a side that the model draws by itself."""
_HIDDEN = 16


def save(folder: Path) -> None:
    """Write the folder; the same weights every time."""
    torch.manual_seed(0)
    untyped: Any = diffusers
    pipe = untyped.StableDiffusionPipeline(
        vae=untyped.AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8),
            decoder_block_out_channels=(8, 8, 8),
            num_encoder_blocks=(1, 1, 1),
            num_decoder_blocks=(1, 1, 1),
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=514,
                hidden_size=_HIDDEN,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                bos_token_id=512,
                eos_token_id=513,
            )
        ),
        tokenizer=tokenizer(),
        unet=untyped.UNet2DConditionModel(
            sample_size=SIZE // 4,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=_HIDDEN,
            attention_head_dim=4,
        ),
        scheduler=untyped.DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)


def tokenizer() -> CLIPTokenizer:
    """A tokenizer of single letters, which encodes any text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    no_merges: Any = []
    vocabulary = {word: index for index, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=no_merges, model_max_length=77)
