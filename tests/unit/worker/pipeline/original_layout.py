"""Writes a pipeline of diffusers as one file in the layout that its family was published in.

It is the reverse of diffusers' converters, for UNets, autoencoders and text encoders of any size:
https://github.com/huggingface/diffusers/blob/main/scripts/convert_diffusers_to_original_stable_diffusion.py
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

State = dict[str, Tensor]

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
_OPEN_CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def unet(network: Any) -> State:
    """The denoiser of Stable Diffusion, as CompVis and Stability AI name its tensors."""
    renamed = dict(_UNET)
    layers = network.config.layers_per_block
    last = len(network.config.block_out_channels) - 1
    for block in range(last + 1):
        for layer in range(layers):
            place = f"input_blocks.{1 + block * (layers + 1) + layer}"
            renamed[f"down_blocks.{block}.resnets.{layer}"] = f"{place}.0"
            renamed[f"down_blocks.{block}.attentions.{layer}"] = f"{place}.1"
        below = f"input_blocks.{(block + 1) * (layers + 1)}.0.op"
        renamed[f"down_blocks.{block}.downsamplers.0.conv"] = below
        for layer in range(layers + 1):
            place = f"output_blocks.{block * (layers + 1) + layer}"
            renamed[f"up_blocks.{block}.resnets.{layer}"] = f"{place}.0"
            renamed[f"up_blocks.{block}.attentions.{layer}"] = f"{place}.1"
        attends = bool(getattr(network.up_blocks[block], "attentions", None))
        renamed[f"up_blocks.{block}.upsamplers.0.conv"] = f"{place}.{1 + attends}.conv"
    return {
        "model.diffusion_model." + _unet_key(name, renamed): value
        for name, value in network.state_dict().items()
    }


def _unet_key(name: str, renamed: Mapping[str, str]) -> str:
    start = next(one for one in sorted(renamed, key=len, reverse=True) if name.startswith(one))
    end = name.removeprefix(start)
    if ".resnets." in name:
        part = end.split(".")[1]
        end = end.replace(part, _RESNET[part])
    return renamed[start] + end


def autoencoder(network: Any) -> State:
    """The autoencoder, whose blocks of the decoder are counted from the picture's side."""
    last = len(network.config.block_out_channels) - 1
    return {
        "first_stage_model." + _vae_key(name, last): _as_convolution(name, value)
        for name, value in network.state_dict().items()
    }


def _vae_key(name: str, last: int) -> str:
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = name.replace("mid_block.attentions.0", "mid.attn_1")
    name = re.sub(r"down_blocks\.(\d)\.resnets\.", r"down.\1.block.", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{last - int(m[1])}.block.", name)
    name = re.sub(
        r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", name
    )
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    if ".attn_1." in name:
        for own, original in _VAE_ATTENTION.items():
            name = name.replace(f".{own}.", f".{original}.")
    return name


def _as_convolution(name: str, value: Tensor) -> Tensor:
    """Attention of the original is made of convolutions of one pixel."""
    return value[:, :, None, None] if ".to_" in name and name.endswith("weight") else value


def clip(network: Any, prefix: str) -> State:
    """A text encoder as OpenAI's is kept, with the positions that old files hold besides."""
    start = "" if _states(network, "text_model.") else "text_model."
    state = {f"{prefix}{start}{name}": value for name, value in network.state_dict().items()}
    return state | {f"{prefix}text_model.embeddings.position_ids": torch.arange(77)[None]}


def open_clip(network: Any, prefix: str) -> State:
    """A text encoder as OpenCLIP's is kept: queries, keys and values in one matrix."""
    state = {
        name.removeprefix("text_model."): value for name, value in network.state_dict().items()
    }
    made = {
        "token_embedding.weight": state.pop("embeddings.token_embedding.weight"),
        "positional_embedding": state.pop("embeddings.position_embedding.weight"),
        "ln_final.weight": state.pop("final_layer_norm.weight"),
        "ln_final.bias": state.pop("final_layer_norm.bias"),
    }
    if (projection := state.pop("text_projection.weight", None)) is not None:
        made["text_projection"] = projection.T.contiguous()
    for name, value in state.items():
        key = name.replace("encoder.layers.", "transformer.resblocks.")
        for own, original in _OPEN_CLIP.items():
            key = key.replace(own, original)
        if ".q_proj." not in key:
            made[key] = value
            continue
        parts = [state[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
        made[key.replace("self_attn.q_proj.", "attn.in_proj_")] = torch.cat(parts)
    return {
        prefix + key: value
        for key, value in made.items()
        if ".k_proj." not in key and ".v_proj." not in key
    }


def _states(network: Any, start: str) -> bool:
    return any(name.startswith(start) for name in network.state_dict())


def sd3(network: Any) -> State:
    """The transformer of Stable Diffusion 3, without the layers of 3.5 that attend twice."""
    return dict(_sd3_tensors(network.state_dict(), len(network.transformer_blocks)))


_SD3 = {
    "x_embedder.proj": "pos_embed.proj",
    "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
    "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
    "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
    "context_embedder": "context_embedder",
    "final_layer.linear": "proj_out",
}
_SD3_SIDES = {
    "x_block": {
        "attn.proj": "attn.to_out.0",
        "adaLN_modulation.1": "norm1.linear",
        "mlp.fc1": "ff.net.0.proj",
        "mlp.fc2": "ff.net.2",
    },
    "context_block": {
        "attn.proj": "attn.to_add_out",
        "adaLN_modulation.1": "norm1_context.linear",
        "mlp.fc1": "ff_context.net.0.proj",
        "mlp.fc2": "ff_context.net.2",
    },
}
_SD3_PARTS = {
    "x_block": ["to_q", "to_k", "to_v"],
    "context_block": ["add_q_proj", "add_k_proj", "add_v_proj"],
}


def _sd3_tensors(state: Mapping[str, Tensor], blocks: int) -> Iterator[tuple[str, Tensor]]:
    start = "model.diffusion_model."
    yield f"{start}pos_embed", state["pos_embed.pos_embed"]
    for end in ("weight", "bias"):
        for original, own in _SD3.items():
            yield f"{start}{original}.{end}", state[f"{own}.{end}"]
        last = state[f"norm_out.linear.{end}"]
        yield f"{start}final_layer.adaLN_modulation.1.{end}", _swapped(last)
        for block in range(blocks):
            for side, names in _SD3_SIDES.items():
                place = f"{start}joint_blocks.{block}.{side}"
                parts = [
                    state[f"transformer_blocks.{block}.attn.{part}.{end}"]
                    for part in _SD3_PARTS[side]
                ]
                yield f"{place}.attn.qkv.{end}", torch.cat(parts)
                for original, own in names.items():
                    value = state.get(f"transformer_blocks.{block}.{own}.{end}")
                    if value is None:
                        continue  # the last block has no more to do for the context
                    is_last = block == blocks - 1 and own == "norm1_context.linear"
                    yield f"{place}.{original}.{end}", _swapped(value) if is_last else value


def _swapped(value: Tensor) -> Tensor:
    """Shift and scale change places."""
    first, second = value.chunk(2)
    return torch.cat([second, first])


def whole(pipe: Any, metadata: dict[str, str] | None = None) -> State:
    """All networks of SDXL or Stable Diffusion 1; of Stable Diffusion 2 if there is `metadata`."""
    state = unet(pipe.unet) | autoencoder(pipe.vae)
    if getattr(pipe, "text_encoder_2", None) is not None:
        state |= clip(pipe.text_encoder, "conditioner.embedders.0.transformer.")
        return state | open_clip(pipe.text_encoder_2, "conditioner.embedders.1.model.")
    if metadata is None:
        return state | clip(pipe.text_encoder, "cond_stage_model.transformer.")
    return state | open_clip(pipe.text_encoder, "cond_stage_model.model.")


def save(pipe: Any, file: Path, *, metadata: dict[str, str] | None = None) -> None:
    """Write all networks as people share them."""
    write(whole(pipe, metadata), file, metadata)


def write(state: State, file: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors as a file of safetensors."""
    save_file({name: value.contiguous() for name, value in state.items()}, file, metadata)
