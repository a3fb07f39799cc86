"""How many parameters the LoRAs of a model have, read from the headers of their files."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.worker.plan.errors import UnknownWeightsError
from discord_diffusion.worker.plan.weights import read_header

log = logging.getLogger(__name__)

_USUAL_NAME = "pytorch_lora_weights.safetensors"
"""What diffusers calls a LoRA that it saves."""


def parameters(specs: Mapping[str, LoraSpec], *, network: bool = True) -> int:
    """Of all of them together; those whose size nobody tells are logged and not counted."""
    total, unknown = 0, list[str]()
    for name, spec in specs.items():
        try:
            total += _parameters(spec, network=network)
        except UnknownWeightsError:
            unknown.append(name)
    if unknown:
        log.warning("The memory of LoRAs is not planned", extra={"loras": ", ".join(unknown)})
    return total


def _parameters(spec: LoraSpec, *, network: bool) -> int:
    path = Path(spec.lora)
    if path.is_dir():
        path = _in_folder(path, spec.file)
    if not path.is_file():
        path = _cached(spec) or path
    if path.is_file():
        return read_header(path).parameters
    if not network:
        raise UnknownWeightsError(f"{spec.lora}: the hub was not asked")
    return _of_hub(spec)


def _in_folder(folder: Path, file: str | None) -> Path:
    """The file in a folder; the largest one where nobody says which."""
    files = [folder / file] if file else folder.glob("*.safetensors")
    found = sorted(filter(Path.is_file, files), key=lambda path: path.stat().st_size)
    if not found:
        raise UnknownWeightsError(f"{folder} has no file of LoRA weights")
    return found[-1]


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
        names = [spec.file] if spec.file else hub.list_repo_files(spec.lora, revision=spec.revision)
        headers = [
            hub.parse_safetensors_file_metadata(spec.lora, name, revision=spec.revision)
            for name in names
            if name.endswith(".safetensors")
        ]
        return int(max(sum(header.parameter_count.values()) for header in headers))
    except Exception as error:
        text = f"{spec.lora}: the hub does not tell ({type(error).__name__})"
        raise UnknownWeightsError(text) from error
