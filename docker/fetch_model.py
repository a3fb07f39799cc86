"""Put a model into an image: `python fetch_model.py FOLDER MODEL REVISION VARIANT VAE LORA`.

MODEL is a folder or a file of the build context, a hub id, a file in a repository of the hub
(ORG/NAME/FILE.safetensors, or its address), or empty for none; REVISION and VARIANT may be empty.
A file becomes the only one of its folder, which the worker takes as that file.
Of a pipeline on the hub only what diffusers loads is fetched: safetensors of one variant.
Without a VARIANT that is fp16 for GPUs, if the model has it. VAE, unless it is empty, is the hub id
of an autoencoder that takes the place of the model's own. LORA, unless it is empty, is a LoRA that
is merged into the weights, named as MODEL is; a model in one file takes none here.

A token of the hub is read by huggingface_hub, from the file that HF_TOKEN_PATH names.

All files get the same time, so that the layer of a model stays the same when it is built again: an
instance that has it does not pull it twice.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

CONTEXT = Path("/context")
LINK = re.compile(
    r"(?:https://(?:huggingface\.co|hf\.co)/)?(\w[\w.-]*/\w[\w.-]*)/"
    r"(?:(?:blob|resolve)/([^/]+)/)?([^?]+\.safetensors)(?:\?.*)?"
)
"""A file on the hub, as the worker's `plan/single_files.py` reads it."""


def main() -> None:
    """Copy, fetch, or make an empty folder."""
    folder, model, revision, variant, vae, lora = sys.argv[1:]
    if not model:
        Path(folder).mkdir()
    elif (CONTEXT / model).is_dir():
        shutil.copytree(CONTEXT / model, folder)
    elif (CONTEXT / model).is_file():
        Path(folder).mkdir()
        shutil.copy(CONTEXT / model, folder)
    elif link := LINK.fullmatch(model):
        repository, branch, name = names_of(link)
        fetch_file(folder, repository, name, branch or revision or None)
    else:
        fetch(folder, model, revision or None, variant or None)
    if model and vae:
        replace_vae(Path(folder) / "vae", vae)
    if model and lora:
        merge_lora(Path(folder), lora)
    for path in [*Path(folder).rglob("*"), Path(folder)]:
        os.utime(path, (0, 0))


def names_of(link: re.Match[str]) -> list[Any]:
    """Repository, revision and file; in an address a space is %20."""
    is_address = "://" in link.string
    return [unquote(name) if is_address and name else name for name in link.groups()]


def fetch(folder: str, model: str, revision: str | None, variant: str | None) -> None:
    """Download what the pipeline loads."""
    import torch
    from diffusers import DiffusionPipeline

    tried = [variant] if variant else ["fp16", None] if torch.version.cuda else [None]
    for place, found in enumerate(tried):
        try:
            cached = DiffusionPipeline.download(
                model, revision=revision, variant=found, use_safetensors=True
            )
        except ValueError:  # the model has no files of this variant
            if place == len(tried) - 1:
                raise
        else:
            shutil.copytree(cached, folder)
            return


def fetch_file(folder: str, repository: str, name: str, revision: str | None) -> None:
    """Download one file, and let its folder hold nothing else."""
    from huggingface_hub import hf_hub_download

    Path(folder).mkdir()
    shutil.copy(hf_hub_download(repository, name, revision=revision), folder)


def replace_vae(folder: Path, vae: str) -> None:
    """Download an autoencoder into a pipeline's folder, in place of its own."""
    from diffusers import AutoModel

    shutil.rmtree(folder, ignore_errors=True)
    AutoModel.from_pretrained(vae, use_safetensors=True).save_pretrained(folder)


def merge_lora(folder: Path, lora: str) -> None:
    """Merge a LoRA into a pipeline's weights, in their precision.

    Files are replaced by files of the same names.
    """
    import torch
    from diffusers import DiffusionPipeline
    from huggingface_hub import HfApi

    where: dict[str, Any] = {"pretrained_model_name_or_path_or_dict": lora}
    if (CONTEXT / lora).exists():
        where = {"pretrained_model_name_or_path_or_dict": str(CONTEXT / lora)}
        if (CONTEXT / lora).is_dir():
            where["weight_name"] = only_file(
                lora, [path.name for path in (CONTEXT / lora).iterdir()]
            )
    elif link := LINK.fullmatch(lora):
        names = ("pretrained_model_name_or_path_or_dict", "revision", "weight_name")
        where = dict(zip(names, names_of(link), strict=True))
    else:
        where["weight_name"] = only_file(lora, HfApi().list_repo_files(lora))
    variant = "fp16" if any(folder.rglob("*.fp16.safetensors")) else None
    dtype = torch.float16 if variant else torch.float32
    pipeline = DiffusionPipeline.from_pretrained(folder, variant=variant, dtype=dtype)
    pipeline.load_lora_weights(**where, use_safetensors=True)
    if not pipeline.get_active_adapters():
        sys.exit(f"{lora} changes no layer of the model.")
    pipeline.fuse_lora(safe_fusing=True)
    pipeline.unload_lora_weights()
    pipeline.save_pretrained(folder, variant=variant)


def only_file(lora: str, names: list[str]) -> str | None:
    """The file that a LoRA is, as the worker's `plan/loras.py` finds it; diffusers takes any."""
    usual = "pytorch_lora_weights.safetensors"
    files = sorted(name for name in names if name.endswith(".safetensors"))
    top = [name for name in files if "/" not in name] or files
    if usual in top or len(top) < 2:
        return usual if usual in top else next(iter(top), None)
    sys.exit(f"{lora} has several files of LoRA weights: name one, as {lora}/{top[0]}")


main()
