"""Checkpoints in one file, as people share them: where such a file is, and what it holds.

A file's header has the names of its tensors, which tell the family of the model and the networks
that are in the file. The names are those of the programs that the models were trained with:
https://github.com/Stability-AI/generative-models, https://github.com/black-forest-labs/flux.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from urllib.parse import unquote

from discord_diffusion.jobs.models import TokenInAddressError, checked_source
from discord_diffusion.worker.plan.errors import UnusableFileError
from discord_diffusion.worker.plan.weights import Header, Network, read_header

_SUFFIX = ".safetensors"
_OTHER_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin", ".gguf")
_LINK = re.compile(
    r"(?:https://(?:huggingface\.co|hf\.co)/)?(?P<repository>\w[\w.-]*/\w[\w.-]*)/"
    r"(?:(?:blob|resolve)/(?P<revision>[^/]+)/)?(?P<name>[^?]+\.safetensors)(?:\?.*)?"
)
_PREFIX = "model.diffusion_model."
_VAE_PREFIXES = ("first_stage_model.", "vae.")
_ENCODERS = ("cond_stage_model.", "conditioner.", "text_encoders.")
INDEX = "model_index.json"
"""The file that says of which parts a pipeline in a folder is made."""


@dataclass(frozen=True)
class HubFile:
    """A file in a repository of the hub."""

    repository: str
    name: str
    revision: str | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds."""

    networks: tuple[Network, ...]
    configuration: str | None = None
    """The folder of `worker/configurations` with all that the file lacks."""
    base: str | None = None
    """Hub id of the pipeline that a file with a denoiser alone is one of, where its names tell."""
    predicts_velocity: bool | None = None
    """None if the file does not say what its denoiser predicts."""
    zero_snr: bool = False
    """Whether the noise of its last step holds nothing of the picture."""

    @property
    def names(self) -> frozenset[str]:
        """The names of the networks in the file."""
        return frozenset(network.name for network in self.networks)


@dataclass(frozen=True)
class _Family:
    """A family whose files hold all networks; the rest is in a folder of `configuration`."""

    configuration: str
    text_encoders: Mapping[str, str]
    """The names of the text encoders by the beginnings of the names of their tensors."""


_FAMILIES = (
    _Family("stable-diffusion-1", {"cond_stage_model.transformer.": "text_encoder"}),
    _Family("stable-diffusion-2", {"cond_stage_model.model.": "text_encoder"}),
    _Family(
        "sdxl",
        {
            "conditioner.embedders.0.transformer.": "text_encoder",
            "conditioner.embedders.1.model.": "text_encoder_2",
        },
    ),
)
_UNETS = {"time_embed.0.weight", "time_embedding.linear_1.weight"}
"""A name in UNets, in the original layout and as diffusers saves them."""
_TRANSFORMERS = (
    # A name in the denoiser, and the pipeline it is one of; the first that fits counts.
    ("distilled_guidance_layer.in_proj.bias", "lodestones/Chroma1-HD"),
    ("single_stream_modulation.lin.weight", None),  # FLUX.2, of several sizes
    ("guidance_in.in_layer.bias", "black-forest-labs/FLUX.1-dev"),
    ("double_blocks.0.img_attn.norm.key_norm.scale", "black-forest-labs/FLUX.1-schnell"),
    ("joint_blocks.37.x_block.mlp.fc1.weight", "stabilityai/stable-diffusion-3.5-large"),
    ("joint_blocks.0.x_block.attn2.qkv.weight", "stabilityai/stable-diffusion-3.5-medium"),
    ("joint_blocks.0.x_block.mlp.fc1.weight", "stabilityai/stable-diffusion-3-medium-diffusers"),
    ("layers.0.adaLN_modulation.0.weight", "Tongyi-MAI/Z-Image-Turbo"),
    ("cap_embedder.0.weight", "Alpha-VLLM/Lumina-Image-2.0"),
    ("transformer_blocks.0.attn.to_q.weight", None),  # as diffusers saves many families
    ("transformer_blocks.0.attn1.to_q.weight", None),
)
_OTHER_KINDS = (
    # What is in the name of a tensor, and what such a file is.
    ("lora", "LoRA weights; list them in LORAS"),
    ("control_model.", "a ControlNet"),
    ("controlnet_", "a ControlNet"),
    ("conditioner.embedders.0.model.", "SDXL's refiner, which draws from no prompt alone"),
    ("edm_mean", "Playground 2.5: take the folder of its pipeline"),
)
_CHANNELS = {
    8: "a model that edits by instructions (InstructPix2Pix)",
    9: "an inpainting model, which draws from no prompt alone; others draw parts anew as well",
}
"""What a UNet is by the channels that it takes, in Stable Diffusion's layout."""


def locate(model: str) -> Path | HubFile | None:
    """The file that a setting names, or that is all of a folder; None if it names no file.

    Raises:
        UnusableFileError: it names a file whose format is not read, or is another address.
    """
    try:
        checked_source(model)
    except TokenInAddressError as error:
        raise UnusableFileError(str(error)) from None
    path = Path(model)
    if path.is_dir():
        if (path / INDEX).exists():
            return None
        files = sorted(path.glob(f"*{_SUFFIX}"))
        return files[0] if len(files) == 1 else None
    if path.suffix.lower() in _OTHER_SUFFIXES:
        raise UnusableFileError(
            f"{model}: of single files only {_SUFFIX} is read; pickled files may run code, and "
            "GGUF takes a library that the worker lacks"
        )
    if path.suffix == _SUFFIX and path.is_file():
        return path
    if found := _LINK.fullmatch(model):
        is_address = "://" in model  # in which a space is %20
        names = (found["repository"], found["name"], found["revision"])
        return HubFile(*(unquote(name) if is_address and name else name for name in names))
    if "://" in model:
        raise UnusableFileError(f"{model} is no address of a {_SUFFIX} file on huggingface.co")
    if path.suffix == _SUFFIX:
        raise UnusableFileError(f"there is no file {model}")
    return None


def read(path: Path) -> Checkpoint:
    """What a file on disk holds.

    Raises:
        UnusableFileError: it is none that the worker could draw with; the text says what it is.
        UnknownWeightsError: it is no safetensors file.
    """
    return describe(read_header(path), path.name)


def describe(header: Header, name: str) -> Checkpoint:
    """What the file of that name and header holds.

    Raises:
        UnusableFileError: as `read`.
    """
    shapes = header.shapes
    for part, kind in _OTHER_KINDS:
        if any(part in tensor for tensor in shapes):
            raise UnusableFileError(f"{name} holds {kind}")
    channels = shapes.get(f"{_PREFIX}input_blocks.0.0.weight", ())[1:2]
    if channels and channels[0] in _CHANNELS:
        raise UnusableFileError(f"{name} holds {_CHANNELS[channels[0]]}")
    velocity, zero_snr = _training(header)
    for family in _FAMILIES:
        encoders = {
            encoder: _count(header, start) for start, encoder in family.text_encoders.items()
        }
        if all(encoders.values()) and _has(shapes, _PREFIX):
            counts = {"unet": _count(header, _PREFIX), "vae": _count(header, *_VAE_PREFIXES)}
            networks = _networks(counts | encoders)
            return Checkpoint(networks, family.configuration, None, velocity, zero_snr)
    return _denoiser_alone(header, name)


def _denoiser_alone(header: Header, name: str) -> Checkpoint:
    """A file without text encoders; those of SD3's files are taken from its pipeline, too."""
    own = {
        tensor.removeprefix(_PREFIX): prod(shape)
        for tensor, shape in header.shapes.items()
        if not tensor.startswith((*_VAE_PREFIXES, *_ENCODERS, "model_ema."))
    }
    counts = {"vae": _count(header, *_VAE_PREFIXES)}
    if _UNETS & own.keys():
        return Checkpoint(_networks({"unet": sum(own.values())} | counts))
    for tensor, base in _TRANSFORMERS:
        if tensor in own:
            networks = _networks({"transformer": sum(own.values())} | counts)
            return Checkpoint(networks, base=base)
    raise UnusableFileError(
        f"{name} holds no denoiser of a family that is known: "
        f"{len(header.shapes)} tensors such as {next(iter(sorted(header.shapes)), 'none')}"
    )


def _training(header: Header) -> tuple[bool | None, bool]:
    """What the denoiser predicts, and whether its last noise is nothing but noise.

    By the fields of https://github.com/Stability-AI/ModelSpec, or by two tensors that trainers of
    SDXL leave in a file as marks.
    """
    if "v_pred" in header.shapes:
        return True, "ztsnr" in header.shapes
    said = str(header.metadata.get("modelspec.prediction_type", "")).lower()
    return {"v": True, "v_prediction": True, "epsilon": False}.get(said), False


def _networks(counts: Mapping[str, int]) -> tuple[Network, ...]:
    return tuple(Network(name, count) for name, count in counts.items() if count)


def _count(header: Header, *starts: str) -> int:
    return sum(prod(shape) for name, shape in header.shapes.items() if name.startswith(starts))


def _has(names: Iterable[str], start: str) -> bool:
    return any(name.startswith(start) for name in names)
