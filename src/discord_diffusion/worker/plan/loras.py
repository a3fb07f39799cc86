"""Which file of a folder or repository a LoRA is, and how many parameters its header counts."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.worker.plan.errors import UnknownWeightsError, UnusableFileError
from discord_diffusion.worker.plan.weights import read_header

log = logging.getLogger(__name__)

_USUAL_NAME = "pytorch_lora_weights.safetensors"
"""What diffusers calls a LoRA that it saves."""
_SHOWN = 5
"""Files that an error names."""


def parameters(specs: Mapping[str, LoraSpec], *, network: bool = True) -> int:
    """Of all of them together; those whose size nobody tells are logged and not counted.

    Raises:
        UnusableFileError: as `file_of`.
    """
    total, unknown = 0, list[str]()
    for name, spec in specs.items():
        try:
            total += _parameters(spec, network=network)
        except UnknownWeightsError:
            unknown.append(name)
    if unknown:
        log.warning("The memory of LoRAs is not planned", extra={"loras": ", ".join(unknown)})
    return total


def file_of(source: str, revision: str | None = None) -> str | None:
    """The name of the file of a LoRA in a folder, or in a repository of the hub, that names none.

    None if the source is a file, or has none, or if nobody tells.

    Raises:
        UnusableFileError: there are several; diffusers would take any of them.
    """
    path = Path(source)
    if path.is_file():
        return None
    if path.is_dir():
        return _only(source, (found.name for found in path.iterdir()))
    if _cached(LoraSpec(source, revision=revision)):
        return _USUAL_NAME
    from huggingface_hub import HfApi

    hub: Any = HfApi()
    try:
        names = hub.list_repo_files(source, revision=revision)
    except Exception:  # noqa: BLE001 - the hub's client raises many classes
        return None
    return _only(source, names)


def _only(source: str, names: Iterable[str]) -> str | None:
    files = sorted(name for name in names if name.endswith(".safetensors"))
    # Those of a training that is not at its end are in folders of checkpoints.
    top = [name for name in files if "/" not in name] or files
    if _USUAL_NAME in top or len(top) < 2:
        return _USUAL_NAME if _USUAL_NAME in top else next(iter(top), None)
    shown = ", ".join(PurePosixPath(name).name for name in top[:_SHOWN])
    more = f" and {len(top) - _SHOWN} more" if len(top) > _SHOWN else ""
    raise UnusableFileError(
        f"{source} has several files of LoRA weights ({shown}{more}): name one, by file in LORAS, "
        f"or as {source}/{top[0]}"
    )


def _parameters(spec: LoraSpec, *, network: bool) -> int:
    path = Path(spec.lora)
    if path.is_dir():
        name = spec.file or file_of(spec.lora)
        path = path / name if name else path
    if not path.is_file():
        path = _cached(spec) or path
    if path.is_file():
        return read_header(path).parameters
    if path.is_dir():
        raise UnknownWeightsError(f"{path} has no file of LoRA weights")
    if not network:
        raise UnknownWeightsError(f"{spec.lora}: the hub was not asked")
    return _of_hub(spec)


def _cached(spec: LoraSpec) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    name = spec.file or _USUAL_NAME
    try:
        found = try_to_load_from_cache(spec.lora, name, revision=spec.revision)
    except HFValidationError:
        return None  # a file that is not there
    return Path(found) if isinstance(found, str) else None


def _of_hub(spec: LoraSpec) -> int:
    from huggingface_hub import HfApi

    hub: Any = HfApi()
    try:
        name = spec.file or _only(spec.lora, hub.list_repo_files(spec.lora, revision=spec.revision))
        found = hub.parse_safetensors_file_metadata(spec.lora, name, revision=spec.revision)
        return int(sum(found.parameter_count.values()))
    except UnusableFileError:
        raise
    except Exception as error:
        text = f"{spec.lora}: the hub does not tell ({type(error).__name__})"
        raise UnknownWeightsError(text) from error
