"""Networks and tokenizers from which the toy families are built: real classes, random weights."""

from typing import Any

import diffusers
import transformers
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing

UNTYPED: Any = diffusers
_MODELS: Any = transformers
HIDDEN = 16
"""Width of every text encoder, unless a denoiser demands another."""
_END, _PAD, _IMAGE = 256, 257, 258
_VOCABULARY = 264
_CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def letters() -> Any:
    """A tokenizer of single bytes, which encodes any text; it also takes a chat's messages."""
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "</s>", "<pad>", "<|image_pad|>"]
    known = Tokenizer(BPE({word: index for index, word in enumerate(words)}, merges=[]))
    known.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    known.decoder = decoders.ByteLevel()
    known.add_special_tokens(words[-3:])
    known.post_processor = TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", _END)]
    )
    return _MODELS.PreTrainedTokenizerFast(
        tokenizer_object=known,
        pad_token="<pad>",
        eos_token="</s>",
        model_max_length=2048,
        chat_template=_CHAT,
    )


def autoencoder(channels: int, quant: bool = True, factor: int = 2, **config: Any) -> Any:
    """An `AutoencoderKL` whose latents are smaller than the picture by `factor` to a side."""
    blocks = factor.bit_length()
    return UNTYPED.AutoencoderKL(
        block_out_channels=(8,) * blocks,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        use_quant_conv=quant,
        use_post_quant_conv=quant,
        **config,
    )


def unet(**config: Any) -> Any:
    """Stable Diffusion's denoiser."""
    return UNTYPED.UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        **config,
    )


def vector_quantizer() -> Any:
    """Kandinsky's autoencoder, whose latents are smaller by eight to a side."""
    return UNTYPED.VQModel(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        vq_embed_dim=4,
        num_vq_embeddings=8,
        norm_num_groups=32,
        norm_type="spatial",
    )


def clip(kind: Any, **config: Any) -> Any:
    """A text encoder of CLIP, of the class `kind`."""
    settings = {
        "vocab_size": 514,
        "hidden_size": HIDDEN,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "projection_dim": HIDDEN,
        "bos_token_id": 512,
        "eos_token_id": 513,
    }
    return kind(_MODELS.CLIPTextConfig(**settings | config))


def t5(width: int = HIDDEN) -> Any:
    """The encoder of T5, for `letters`."""
    config = {"d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    return _MODELS.T5EncoderModel(
        _MODELS.T5Config(vocab_size=_VOCABULARY, d_model=width, **config)
    ).eval()


def language_model(kind: str, config: str, layers: int = 2, **settings: Any) -> Any:
    """A language model of transformers by the names of its class and configuration."""
    return getattr(_MODELS, kind)(
        getattr(_MODELS, config)(
            vocab_size=_VOCABULARY,
            hidden_size=HIDDEN,
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=2048,
            pad_token_id=_PAD,
            bos_token_id=None,
            eos_token_id=_END,
            **settings,
        )
    ).eval()


def qwen_vl() -> Any:
    """The text encoder of Qwen-Image, which sees pictures, too."""
    text = {
        "vocab_size": _VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_parameters": {
            "mrope_section": [1, 1, 2],
            "rope_type": "default",
            "rope_theta": 10000.0,
        },
        "pad_token_id": _PAD,
        "bos_token_id": None,
        "eos_token_id": _END,
    }
    vision = {
        "depth": 2,
        "hidden_size": HIDDEN,
        "intermediate_size": 32,
        "num_heads": 2,
        "out_hidden_size": HIDDEN,
    }
    config = _MODELS.Qwen2_5_VLConfig(text_config=text, vision_config=vision, image_token_id=_IMAGE)
    return _MODELS.Qwen2_5_VLForConditionalGeneration(config).eval()
