"""Put a model into an image: `python fetch_model.py FOLDER MODEL REVISION VARIANT VAE`.

MODEL is a folder of the build context, a hub id, or empty for none; REVISION and VARIANT may be
empty. Of a model on the hub only what diffusers loads is fetched: safetensors of one variant.
Without a VARIANT that is fp16 for GPUs, if the model has it. VAE, unless it is empty, is the hub id
of an autoencoder that takes the place of the model's own.

A token of the hub is read by huggingface_hub, from the file that HF_TOKEN_PATH names.

All files get the same time, so that the layer of a model stays the same when it is built again: an
instance that has it does not pull it twice.
"""

import os
import shutil
import sys
from pathlib import Path

CONTEXT = Path("/context")


def main() -> None:
    """Copy, fetch, or make an empty folder."""
    folder, model, revision, variant, vae = sys.argv[1:]
    if not model:
        Path(folder).mkdir()
    elif (CONTEXT / model).is_dir():
        shutil.copytree(CONTEXT / model, folder)
    else:
        fetch(folder, model, revision or None, variant or None)
    if model and vae:
        replace_vae(Path(folder) / "vae", vae)
    for path in [*Path(folder).rglob("*"), Path(folder)]:
        os.utime(path, (0, 0))


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


def replace_vae(folder: Path, vae: str) -> None:
    """Download an autoencoder into a pipeline's folder, in place of its own."""
    from diffusers import AutoModel

    shutil.rmtree(folder, ignore_errors=True)
    AutoModel.from_pretrained(vae, use_safetensors=True).save_pretrained(folder)


main()
