"""Loads checkpoints in one file: https://huggingface.co/docs/diffusers/api/loaders/single_file.

diffusers converts the tensors. What a file never holds, configurations and tokenizers, it would
fetch from the hub; here both come with the worker, or from the pipeline in whose folder the file
is. A file with a denoiser alone takes everything else from such a folder, or from the pipeline on
the hub that its family is known by.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from transformers import CLIPTokenizer

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import placement
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker
from discord_diffusion.worker.pipeline.weights import short_reason
from discord_diffusion.worker.plan import single_files
from discord_diffusion.worker.plan.choice import MemoryPlan
from discord_diffusion.worker.plan.errors import PlanError
from discord_diffusion.worker.plan.single_files import INDEX, Checkpoint, HubFile

_UNTYPED: Any = diffusers
_LOADER: Any = DiffusionPipeline
CONFIGURATIONS = Path(__file__).parents[1] / "configurations"
"""What files of three families lack: configurations as diffusers saves them, without weights."""
_MERGES = "clip_merges.txt.gz"
"""The merges of CLIP's tokenizer, of which its vocabulary is made: https://github.com/openai/CLIP."""
_START, _END = "<|startoftext|>", "<|endoftext|>"
_PADS = {"stable-diffusion-2": {"tokenizer": "!"}, "sdxl": {"tokenizer_2": "!"}}
"""What tokenizers pad with, where that is not the end of the text."""
_TOKENS = 77
_OWN_LETTERS = (*range(33, 127), *range(161, 173), *range(174, 256))
"""The bytes that stand for themselves in the vocabulary; letters from 256 on stand for the rest."""


def find(spec: ModelSpec) -> Path | None:
    """The file on disk of a model that is one file, fetched if it is on the hub; else None.

    Raises:
        ModelLoadError: the file is missing, or in a format that is not read.
    """
    try:
        file = single_files.locate(spec.model)
    except PlanError as error:
        raise ModelLoadError(str(error)) from error
    if not isinstance(file, HubFile):
        return file
    from huggingface_hub import hf_hub_download

    try:
        found = hf_hub_download(file.repository, file.name, revision=file.revision or spec.revision)
    except Exception as error:
        raise ModelLoadError(
            f"there is no file {file.name} of {file.repository} here, and the hub gives none: "
            f"{short_reason(error)}"
        ) from error
    return Path(found)


def load(
    file: Path,
    dtype: torch.dtype,
    device: torch.device,
    plan: MemoryPlan | None,
    vae: Any | None,
    *,
    is_cached: bool = False,
) -> Any:
    """The pipeline that a file holds, on the CPU unless the plan says otherwise.

    `vae` is an autoencoder in place of the file's own. What is beside a file that `is_cached` is
    not read: the hub's cache holds what happened to be fetched of a repository.

    Raises:
        ModelLoadError: the file holds no such thing; or something is neither in it nor beside it.
    """
    try:
        held = single_files.read(file)
    except PlanError as error:
        raise ModelLoadError(str(error)) from error
    parts = {} if vae is None else {"vae": vae}
    folder = None if is_cached else file.parent
    pipeline = folder if folder and (folder / INDEX).exists() else None
    try:
        if held.configuration:
            if folder and "vae" not in parts and not (pipeline and "vae" in held.names):
                parts |= _autoencoder_in(folder, dtype)
            return _whole(file, held, dtype, plan, parts, pipeline)
        return _completed(file, held, dtype, device, plan, parts, pipeline)
    except NotImplementedError as error:  # torch's, of a tensor that got no values
        raise ModelLoadError(f"{file.name} lacks tensors of its networks: it is cut") from error


def tokenizer(pad: str = _END) -> CLIPTokenizer:
    """CLIP's tokenizer, which all files of the three families were trained with."""
    vocabulary, merges = _vocabulary()
    untyped: Any = CLIPTokenizer
    made: CLIPTokenizer = untyped(
        vocab=dict(vocabulary), merges=list(merges), pad_token=pad, model_max_length=_TOKENS
    )
    return made


@cache
def _vocabulary() -> tuple[Mapping[str, int], Sequence[tuple[str, ...]]]:
    """The words by their numbers, and the pairs that longer ones are made of."""
    content = gzip.decompress((CONFIGURATIONS / _MERGES).read_bytes()).decode()
    merges = [tuple(line.split()) for line in content.splitlines()]
    letters = [chr(code) for code in _OWN_LETTERS]
    letters += [chr(256 + number) for number in range(256 - len(letters))]
    words = [*letters, *(letter + "</w>" for letter in letters), *map("".join, merges)]
    return {word: number for number, word in enumerate([*words, _START, _END])}, merges


def _autoencoder_in(folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    """The one of a folder that was made for the file, as in the worker's image; else nothing."""
    if not (folder / "vae" / "config.json").exists():
        return {}
    load = _UNTYPED.AutoModel.from_pretrained
    return {"vae": load(str(folder / "vae"), dtype=dtype, local_files_only=True)}


def _whole(
    file: Path,
    held: Checkpoint,
    dtype: torch.dtype,
    plan: MemoryPlan | None,
    parts: Mapping[str, Any],
    pipeline: Path | None,
) -> Any:
    """A pipeline all of whose networks are in the file, but perhaps the autoencoder.

    `pipeline` is the folder of one, which has the rest.
    """
    if plan and (plan.quantized or plan.straight):
        raise ModelLoadError(
            f"{file.name} fits here only {plan}, in which no single file is loaded: take an "
            "instance type with more memory, a lower precision, or a pipeline's folder"
        )
    folder = pipeline or CONFIGURATIONS / str(held.configuration)
    index = json.loads((folder / INDEX).read_text())
    parts = dict(parts)
    if "vae" not in held.names and "vae" not in parts:
        raise ModelLoadError(
            f"{file.name} holds no autoencoder: name one (MODEL_VAE, or vae in MODELS)"
        )
    if not pipeline:
        pads = _PADS.get(str(held.configuration), {})
        parts |= {
            name: tokenizer(pads.get(name, _END)) for name in index if name.startswith("tokenizer")
        }
    if pipeline and (index.get("safety_checker") or [None])[0]:
        # Diffusers leaves it out with single files.
        checker = SafetyChecker.load(str(folder), torch.device("cpu"), dtype)
        parts |= {"safety_checker": checker.network, "feature_extractor": checker.processor}
    kind = getattr(diffusers, index["_class_name"])
    pipe = kind.from_single_file(
        str(file), config=str(folder), dtype=dtype, local_files_only=True, **parts
    )
    _set_prediction(pipe, held)
    return pipe


def _completed(
    file: Path,
    held: Checkpoint,
    dtype: torch.dtype,
    device: torch.device,
    plan: MemoryPlan | None,
    parts: Mapping[str, Any],
    pipeline: Path | None,
) -> Any:
    """A pipeline of a folder or of the hub whose denoiser, and perhaps autoencoder, is the file."""
    beside = pipeline is not None
    base = str(pipeline) if beside else held.base
    if base is None:
        raise ModelLoadError(
            f"{file.name} holds {_listed(held)} alone: put it into the folder of the pipeline that "
            f"it was made from, beside its {INDEX}"
        )
    try:
        index = _LOADER.load_config(base, local_files_only=beside)
    except OSError as error:
        raise ModelLoadError(
            f"{file.name} holds {_listed(held)} alone; the rest is that of {base}, which is not on "
            f"this machine and cannot be fetched: put the file into its folder, beside its {INDEX}"
        ) from error
    words = placement.arguments(plan, index, device)
    where = {"config": base, "dtype": dtype, "local_files_only": beside}
    if plan and plan.straight:
        where["device"] = device.type
    parts = dict(parts)
    for name in held.names - parts.keys():
        if not all(index.get(name) or [None]):
            raise ModelLoadError(f"{file.name} holds a {name}, which the pipeline {base} has not")
        kind = getattr(diffusers, index[name][1])
        if not hasattr(kind, "from_single_file"):
            raise ModelLoadError(f"diffusers reads no {kind.__name__} from a single file")
        quantization = placement.quantization_of(plan, name, index)
        parts[name] = kind.from_single_file(str(file), subfolder=name, **where, **quantization)
    return _LOADER.from_pretrained(base, dtype=dtype, local_files_only=beside, **words, **parts)


def _set_prediction(pipe: Any, held: Checkpoint) -> None:
    """Let the scheduler take the denoiser's predictions for what they are, if the file says so."""
    if held.predicts_velocity is None:
        return
    changes: dict[str, Any] = {
        "prediction_type": "v_prediction" if held.predicts_velocity else "epsilon"
    }
    if held.zero_snr:
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config, **changes)


def _listed(held: Checkpoint) -> str:
    return " and ".join(sorted(held.names))
