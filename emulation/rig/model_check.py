"""Whether MODEL= names a model that a worker can load, told before anything is started."""

import re
from pathlib import Path

from emulation.rig.errors import RigError

INDEX = "model_index.json"
"""Names the classes of a pipeline: https://huggingface.co/docs/diffusers/using-diffusers/loading"""
LONGEST_SIDE = 2048
"""Pixels, as the root module's `generation_defaults` has them."""
SIDE_MULTIPLE = 8
"""Of the pixels of a side: one latent pixel of Stable Diffusion's VAE covers them."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
_HUB_SECONDS = 10.0
_WANTED = (
    f"Name the folder of a diffusers model, which has a {INDEX}, or the id of one on the hub,"
    " such as MODEL=stable-diffusion-v1-5/stable-diffusion-v1-5"
)


def check_model(model: str) -> None:
    """Return if the folder has an index, or the model is in the hub's cache or on the hub.

    Raises:
        RigError: it can't be loaded; the text says what to do.
    """
    folder = Path(model)
    if folder.is_dir():
        if not (folder / INDEX).is_file():
            raise RigError(f"MODEL={model} has no {INDEX}. {_WANTED}.")
    elif folder.exists():
        raise RigError(f"MODEL={model} is a file. {_WANTED}.")
    elif not _HUB_ID.fullmatch(model):
        raise RigError(f"There is no folder MODEL={model}. {_WANTED}.")
    else:
        _check_hub_model(model)


def check_size(side: int) -> None:
    """Return if pictures with sides of so many pixels can be drawn.

    Raises:
        RigError: they can't.
    """
    if side > LONGEST_SIDE:
        raise RigError(f"SIZE={side} is too large. Take {LONGEST_SIDE} at most.")
    if side % SIDE_MULTIPLE:
        near = side - side % SIDE_MULTIPLE
        raise RigError(
            f"SIZE={side} is no multiple of {SIDE_MULTIPLE}. Take {near} or {near + SIDE_MULTIPLE}."
        )


def _check_hub_model(model: str) -> None:
    """Ask the hub's cache, then the hub, once: its client repeats a download for half a minute."""
    # Imported here: most commands need no hub.
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(try_to_load_from_cache(model, INDEX), str):
        return
    hub = HfApi()
    try:
        info = hub.model_info(model, timeout=_HUB_SECONDS)
        if info.gated:
            hub.auth_check(model)
    except GatedRepoError as error:
        raise RigError(
            f"MODEL={model} asks for your agreement: give it at https://huggingface.co/{model},"
            " and set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise RigError(
            f"The hub has no MODEL={model}, or shows it to few: look at the spelling, or set"
            f" HF_TOKEN. {_WANTED}."
        ) from error
    except Exception as error:
        raise RigError(
            f"MODEL={model} is no folder here, is not in the hub's cache, and the hub can't be"
            f" reached ({error or type(error).__name__}). Connect this machine, or name a folder."
        ) from error
    if INDEX not in {file.rfilename for file in info.siblings or ()}:
        raise RigError(f"MODEL={model} is no diffusers model: it has no {INDEX}. {_WANTED}.")
