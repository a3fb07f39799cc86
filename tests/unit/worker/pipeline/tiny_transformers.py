"""Families with newer denoisers, Kandinsky's among them, at toy size with random weights."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    CLIPImageProcessor,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from tests.unit.worker.pipeline.tiny_model import tokenizer
from tests.unit.worker.pipeline.tiny_parts import (
    HIDDEN,
    UNTYPED,
    autoencoder,
    clip,
    language_model,
    letters,
    qwen_vl,
    t5,
    unet,
    vector_quantizer,
)

_SHIFTED = {"shift_factor": 0.1, "scaling_factor": 0.36, "quant": False, "factor": 8}


def _flow(**config: Any) -> Any:
    return UNTYPED.FlowMatchEulerDiscreteScheduler(**config)


def _flux(kind: str, guidance: bool) -> Any:
    return getattr(UNTYPED, kind)(
        transformer=UNTYPED.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            pooled_projection_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=guidance,
        ),
        scheduler=_flow(use_dynamic_shifting=guidance),
        vae=autoencoder(4, **_SHIFTED),
        text_encoder=clip(CLIPTextModel),
        text_encoder_2=t5(),
        tokenizer=tokenizer(),
        tokenizer_2=letters(),
    )


def flux_schnell() -> Any:
    """Distilled: without guidance."""
    return _flux("FluxPipeline", guidance=False)


def flux_kontext() -> Any:
    """Edits by instruction, and draws without a source image, too."""
    return _flux("FluxKontextPipeline", guidance=True)


def flux2_klein() -> Any:
    """Takes the hidden states of three inner layers of its language model."""
    return UNTYPED.Flux2KleinPipeline(
        transformer=UNTYPED.Flux2Transformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * HIDDEN,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        scheduler=_flow(),
        vae=UNTYPED.AutoencoderKLFlux2(
            block_out_channels=(8,) * 4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=32,
        ),
        text_encoder=language_model("Qwen3ForCausalLM", "Qwen3Config", layers=28),
        tokenizer=letters(),
        is_distilled=True,
    )


def _qwen_image(kind: str, **parts: Any) -> Any:
    return getattr(UNTYPED, kind)(
        transformer=UNTYPED.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            axes_dims_rope=(8, 4, 4),
        ),
        scheduler=_flow(),
        vae=UNTYPED.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=qwen_vl(),
        tokenizer=letters(),
        **parts,
    )


def qwen_image() -> Any:
    """Its autoencoder is one of videos."""
    return _qwen_image("QwenImagePipeline")


def z_image() -> Any:
    """Its denoiser takes a list of pictures."""
    transformer = UNTYPED.ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=HIDDEN,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 64, 64],
    )
    with torch.no_grad():  # made without a value
        transformer.x_pad_token.fill_(0.1)
        transformer.cap_pad_token.fill_(0.1)
    return UNTYPED.ZImagePipeline(
        transformer=transformer,
        scheduler=_flow(),
        vae=autoencoder(4, **_SHIFTED),
        text_encoder=language_model("Qwen3Model", "Qwen3Config"),
        tokenizer=letters(),
    )


def chroma() -> Any:
    """FLUX without CLIP, with guidance by a negative prompt."""
    return UNTYPED.ChromaPipeline(
        transformer=UNTYPED.ChromaTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
            approximator_hidden_dim=16,
            approximator_layers=1,
            approximator_num_channels=16,
        ),
        scheduler=_flow(),
        vae=autoencoder(4, **_SHIFTED),
        text_encoder=t5(),
        tokenizer=letters(),
    )


def lumina2() -> Any:
    """Puts a text for its language model before every prompt."""
    return UNTYPED.Lumina2Pipeline(
        transformer=UNTYPED.Lumina2Transformer2DModel(
            sample_size=8,
            in_channels=4,
            hidden_size=16,
            num_layers=1,
            num_refiner_layers=1,
            num_attention_heads=2,
            num_kv_heads=2,
            multiple_of=16,
            axes_dim_rope=(4, 2, 2),
            axes_lens=(512, 64, 64),
            cap_feat_dim=HIDDEN,
        ),
        scheduler=_flow(),
        vae=autoencoder(4, **_SHIFTED),
        text_encoder=language_model("Gemma2Model", "Gemma2Config"),
        tokenizer=letters(),
    )


def cogview4() -> Any:
    """Refuses sizes that are no multiple of 16."""
    return UNTYPED.CogView4Pipeline(
        transformer=UNTYPED.CogView4Transformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            text_embed_dim=HIDDEN,
            time_embed_dim=8,
            condition_dim=4,
        ),
        scheduler=_flow(
            base_shift=0.25,
            max_shift=0.75,
            use_dynamic_shifting=True,
            time_shift_type="linear",
        ),
        vae=autoencoder(4, factor=8),
        text_encoder=language_model("GlmModel", "GlmConfig"),
        tokenizer=letters(),
    )


def sana() -> Any:
    """Its autoencoder makes latents that are smaller by 32 to a side."""
    blocks = ("ResBlock",) * 5 + ("EfficientViTBlock",)
    return UNTYPED.SanaPipeline(
        transformer=UNTYPED.SanaTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_attention_heads=2,
            attention_head_dim=8,
            num_cross_attention_heads=2,
            cross_attention_head_dim=8,
            cross_attention_dim=16,
            caption_channels=HIDDEN,
            sample_size=16,
            patch_size=1,
        ),
        scheduler=_flow(shift=3.0),
        vae=UNTYPED.AutoencoderDC(
            latent_channels=4,
            attention_head_dim=4,
            encoder_block_types=blocks,
            decoder_block_types=blocks,
            encoder_block_out_channels=(8,) * 6,
            decoder_block_out_channels=(8,) * 6,
            encoder_layers_per_block=(1,) * 6,
            decoder_layers_per_block=(1,) * 6,
            encoder_qkv_multiscales=((),) * 6,
            decoder_qkv_multiscales=((),) * 6,
            scaling_factor=0.41,
        ),
        text_encoder=language_model("Gemma2Model", "Gemma2Config"),
        tokenizer=letters(),
    )


def _pixart(kind: str, **config: Any) -> Any:
    return getattr(UNTYPED, kind)(
        transformer=UNTYPED.PixArtTransformer2DModel(
            sample_size=32,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            caption_channels=HIDDEN,
            cross_attention_dim=16,
            in_channels=4,
            out_channels=8,
            **config,
        ),
        scheduler=UNTYPED.DPMSolverMultistepScheduler(),
        vae=autoencoder(4, factor=8),
        text_encoder=t5(),
        tokenizer=letters(),
    )


def pixart_alpha() -> Any:
    """Draws at one of its own sizes and scales the picture to the one that is asked for."""
    return _pixart("PixArtAlphaPipeline", use_additional_conditions=False)


def pixart_sigma() -> Any:
    """As alpha, with longer prompts."""
    return _pixart("PixArtSigmaPipeline")


def hidream() -> Any:
    """Four text encoders; draws as many pixels as it was trained with, whatever is asked for."""
    return UNTYPED.HiDreamImagePipeline(
        transformer=UNTYPED.HiDreamImageTransformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            caption_channels=[HIDDEN, HIDDEN],
            text_emb_dim=2 * HIDDEN,
            num_routed_experts=2,
            num_activated_experts=1,
            axes_dims_rope=(4, 2, 2),
            max_resolution=(128, 128),
            llama_layers=(0, 1),
        ),
        scheduler=_flow(shift=3.0),
        vae=autoencoder(4, **_SHIFTED),
        text_encoder=clip(CLIPTextModelWithProjection, max_position_embeddings=248),
        text_encoder_2=clip(CLIPTextModelWithProjection, max_position_embeddings=248),
        text_encoder_3=t5(),
        text_encoder_4=language_model("LlamaForCausalLM", "LlamaConfig"),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        tokenizer_3=letters(),
        tokenizer_4=letters(),
    )


def kandinsky22() -> Any:
    """Two pipelines in one: a prior makes an embedding of a picture, a decoder the picture."""
    vision = CLIPVisionConfig(
        hidden_size=HIDDEN,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
        projection_dim=HIDDEN,
    )
    return UNTYPED.KandinskyV22CombinedPipeline(
        unet=unet(
            in_channels=4,
            out_channels=8,
            addition_embed_type="image",
            encoder_hid_dim=HIDDEN,
            encoder_hid_dim_type="image_proj",
            cross_attention_dim=16,
            resnet_time_scale_shift="scale_shift",
        ),
        scheduler=UNTYPED.DDPMScheduler(),
        movq=vector_quantizer(),
        prior_prior=UNTYPED.PriorTransformer(
            num_attention_heads=2,
            attention_head_dim=8,
            embedding_dim=HIDDEN,
            num_layers=1,
        ),
        prior_image_encoder=CLIPVisionModelWithProjection(vision),
        prior_text_encoder=clip(CLIPTextModelWithProjection),
        prior_tokenizer=tokenizer(),
        prior_scheduler=UNTYPED.UnCLIPScheduler(prediction_type="sample", num_train_timesteps=1000),
        prior_image_processor=CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
    )


def kandinsky3() -> Any:
    """Its autoencoder is called `movq`, its sizes are multiples of 64."""
    return UNTYPED.Kandinsky3Pipeline(
        unet=UNTYPED.Kandinsky3UNet(
            time_embedding_dim=4,
            groups=2,
            attention_head_dim=4,
            layers_per_block=3,
            block_out_channels=(16, 32),
            cross_attention_dim=4,
            encoder_hid_dim=HIDDEN,
        ),
        scheduler=UNTYPED.DDPMScheduler(),
        movq=vector_quantizer(),
        text_encoder=t5(),
        tokenizer=letters(),
    )


TRANSFORMERS: dict[str, Callable[[], Any]] = {
    "flux-schnell": flux_schnell,
    "flux-kontext": flux_kontext,
    "flux2-klein": flux2_klein,
    "qwen-image": qwen_image,
    "z-image": z_image,
    "chroma": chroma,
    "lumina2": lumina2,
    "cogview4": cogview4,
    "sana": sana,
    "pixart-alpha": pixart_alpha,
    "pixart-sigma": pixart_sigma,
    "hidream": hidream,
    "kandinsky-2.2": kandinsky22,
    "kandinsky-3": kandinsky3,
}
