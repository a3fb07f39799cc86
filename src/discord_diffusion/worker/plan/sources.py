"""Where the size of a model comes from: a folder or a file, the hub's cache, a list, or the hub.

The list spares the well-known models a request, and serves machines that reach no hub. Its counts
are those of the published configurations.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.worker.plan import loras, single_files
from discord_diffusion.worker.plan.errors import UnknownWeightsError
from discord_diffusion.worker.plan.single_files import Checkpoint, HubFile
from discord_diffusion.worker.plan.weights import (
    Header,
    Network,
    Weights,
    chosen_files,
    of_folder,
    read_header,
)

_CLIP_L, _CLIP_G, _T5_XXL = 123_060_480, 694_659_840, 4_762_310_656
_VAE = 83_653_863
_FLUX = {"text_encoder": _CLIP_L, "text_encoder_2": _T5_XXL, "vae": 83_819_683}
_SD3 = {
    "text_encoder": _CLIP_L,
    "text_encoder_2": _CLIP_G,
    "text_encoder_3": _T5_XXL,
    "vae": 83_819_683,
}
_SDXL = {
    "unet": 2_567_463_684,
    "text_encoder": _CLIP_L,
    "text_encoder_2": _CLIP_G,
    "vae": _VAE,
}
KNOWN = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": {
        "unet": 859_520_964,
        "text_encoder": _CLIP_L,
        "vae": _VAE,
        "safety_checker": 303_981_588,
    },
    "stabilityai/stable-diffusion-xl-base-1.0": _SDXL,
    "stabilityai/sdxl-turbo": _SDXL,
    "stabilityai/stable-diffusion-3.5-medium": {"transformer": 2_243_171_520, **_SD3},
    "stabilityai/stable-diffusion-3.5-large": {"transformer": 8_056_627_520, **_SD3},
    "black-forest-labs/FLUX.1-schnell": {"transformer": 11_891_178_560, **_FLUX},
    "black-forest-labs/FLUX.1-dev": {"transformer": 11_901_408_320, **_FLUX},
    "black-forest-labs/FLUX.1-Kontext-dev": {"transformer": 11_901_408_320, **_FLUX},
    "Qwen/Qwen-Image": {
        "transformer": 20_430_401_088,
        "text_encoder": 8_292_166_656,
        "vae": 126_892_531,
    },
    "Tongyi-MAI/Z-Image-Turbo": {
        "transformer": 6_154_908_736,
        "text_encoder": 4_022_468_096,
        "vae": 83_819_683,
    },
}
"""Parameters by network, of models whose configurations are public at https://huggingface.co/ID.
A test computes the denoisers of five of them from diffusers' classes."""


def find(
    model: str,
    revision: str | None = None,
    variant: str | None = None,
    *,
    network: bool = True,
    added: Mapping[str, LoraSpec] | None = None,
) -> Weights:
    """The networks of a model by folder, file or hub id, and the LoRAs that are `added` to it.

    Raises:
        UnknownWeightsError: nothing tells; the text says what was tried.
        UnusableFileError: it is a single file, and none that the worker could draw with.
    """
    weights = _find(model, revision, variant, network=network)
    return replace(weights, added=loras.parameters(added, network=network)) if added else weights


def _find(model: str, revision: str | None, variant: str | None, *, network: bool) -> Weights:
    if file := single_files.locate(model):
        if isinstance(file, HubFile) and file.revision is None:
            file = replace(file, revision=revision)
        return _of_file(model, file, network=network)
    folder = Path(model)
    if folder.is_dir():
        return of_folder(model, folder, variant)
    cached = _cached(model, revision)
    if cached is not None:
        return of_folder(model, cached, variant)
    if model in KNOWN:
        return Weights(model, tuple(Network(*item) for item in KNOWN[model].items()))
    reason = "the hub was not asked"
    if network:
        try:
            return _of_hub(model, revision, variant)
        except Exception as error:  # noqa: BLE001 - the hub's client raises many classes
            reason = f"the hub does not tell ({type(error).__name__})"
    raise UnknownWeightsError(
        f"{model} is no folder, is not in the hub's cache, {reason}, and it is no model whose size "
        "is known; name its folder, or one where the hub can be reached"
    )


def _of_file(model: str, file: Path | HubFile, *, network: bool) -> Weights:
    """The networks in a file, and those that it takes from a pipeline's folder or from the hub."""
    if isinstance(file, Path):
        held, beside = single_files.read(file), file.parent
    else:
        held, beside = _of_hub_file(file, network=network), None
    networks = {one.name: one for one in held.networks}
    if beside is not None and (beside / single_files.INDEX).exists():
        try:
            rest = of_folder(model, beside)
        except UnknownWeightsError:
            rest = Weights(model, ())  # a folder of configurations, for a file with all networks
    elif held.configuration is None and held.base:
        rest = find(held.base, network=network)
    else:
        rest = Weights(model, ())
    return Weights(model, tuple(({one.name: one for one in rest.networks} | networks).values()))


def _of_hub_file(file: HubFile, *, network: bool) -> Checkpoint:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(file.repository, file.name, revision=file.revision)
    except ValueError as error:  # the hub has no such names
        raise UnknownWeightsError(f"{file.repository}/{file.name}: {error}") from error
    if isinstance(cached, str):
        return single_files.describe(read_header(Path(cached)), file.name)
    if not network:
        raise UnknownWeightsError(f"{file.repository}/{file.name}: the hub was not asked")
    hub: Any = HfApi()
    try:
        said = hub.parse_safetensors_file_metadata(
            file.repository, file.name, revision=file.revision
        )
    except Exception as error:
        text = f"{file.repository}/{file.name}: the hub does not tell ({type(error).__name__})"
        raise UnknownWeightsError(text) from error
    shapes = {name: tuple(tensor.shape) for name, tensor in said.tensors.items()}
    return single_files.describe(Header(shapes, said.metadata), file.name)


def _cached(model: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        index = try_to_load_from_cache(model, "model_index.json", revision=revision)
    except HFValidationError:
        return None  # a folder that is not there
    return Path(index).parent if isinstance(index, str) else None


def _of_hub(model: str, revision: str | None, variant: str | None) -> Weights:
    """From the names of the files, and of each file of weights its first bytes."""
    from huggingface_hub import HfApi

    hub: Any = HfApi()
    names = hub.list_repo_files(model, revision=revision)
    networks = []
    for name, files in chosen_files(names, variant).items():
        pickled = [file for file in files if not file.endswith(".safetensors")]
        if pickled:
            raise UnknownWeightsError(f"{model} has pickled weights, whose header says nothing")
        headers = [
            hub.parse_safetensors_file_metadata(model, file, revision=revision) for file in files
        ]
        count = sum(sum(header.parameter_count.values()) for header in headers)
        networks.append(Network(name, count))
    if not networks:
        raise UnknownWeightsError(f"{model} has no weights in folders of networks")
    return Weights(model, tuple(networks))
