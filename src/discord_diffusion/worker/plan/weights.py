"""How many parameters the networks of a model have: read from files on disk, without their values.

A model is a folder as diffusers saves pipelines, with a folder for each network. Files of
safetensors begin with the names and shapes of what they hold:
https://github.com/huggingface/safetensors#format
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath

from discord_diffusion.worker.plan.errors import UnknownWeightsError

_MAX_HEADER = 100_000_000
"""Bytes; safetensors itself reads no longer one."""
_LENGTH = struct.Struct("<Q")
_SUFFIXES = (".safetensors", ".bin")
_BYTES_WITHOUT_HEADER = 4
"""Bytes of a parameter in files that say nothing of their types: most such are fp32."""
_NO_HEADER = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading bytes raises that are no header; infinite numbers and deep lists included."""


@dataclass(frozen=True)
class Network:
    """One component of a pipeline that has weights."""

    name: str
    """Its name in the pipeline, for example text_encoder_2."""
    parameters: int

    @property
    def is_text_encoder(self) -> bool:
        """Whether it runs once a job, before the steps."""
        return "text_encoder" in self.name

    @property
    def is_denoiser(self) -> bool:
        """Whether it runs in every step."""
        return self.name.startswith(("transformer", "unet"))


@dataclass(frozen=True)
class Weights:
    """The networks of one model."""

    model: str
    networks: tuple[Network, ...]
    added: int = 0
    """Parameters of the LoRAs that are loaded into the networks."""

    @property
    def parameters(self) -> int:
        """Of all networks, and of what is added to them."""
        return sum(network.parameters for network in self.networks) + self.added

    def __str__(self) -> str:
        parts = sorted(self.networks, key=lambda network: -network.parameters)
        listed = ", ".join(f"{part.name} {_billions(part.parameters)}" for part in parts)
        if self.added:
            listed += f", LoRAs {_billions(self.added)}"
        return f"{self.model}: {_billions(self.parameters)} parameters ({listed})"


def of_folder(model: str, folder: Path, variant: str | None = None) -> Weights:
    """The networks of a model in a folder.

    Raises:
        UnknownWeightsError: it holds no weights, or a file is broken.
    """
    names = [path.relative_to(folder).as_posix() for path in folder.glob("*/*") if path.is_file()]
    networks = []
    for name, files in chosen_files(names, variant).items():
        parameters = sum(_parameters(folder / file) for file in files)
        networks.append(Network(name, parameters))
    if not networks:
        raise UnknownWeightsError(f"{model} has no weights in folders of networks")
    return Weights(model, tuple(networks))


def chosen_files(names: Iterable[str], variant: str | None) -> dict[str, list[str]]:
    """The files of weights that diffusers loads, by network, out of all files of a model.

    Of each network those of the variant if there are any, else those of none; safetensors if there
    are any, else pickled ones.
    """
    by_network: dict[str, list[PurePosixPath]] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if len(path.parts) == 2 and path.suffix in _SUFFIXES:
            by_network.setdefault(path.parts[0], []).append(path)
    return {
        network: [str(path) for path in chosen]
        for network, paths in by_network.items()
        if (chosen := _chosen(paths, variant))
    }


def _chosen(paths: Sequence[PurePosixPath], variant: str | None) -> list[PurePosixPath]:
    for wanted in (variant, None) if variant else (None,):
        for suffix in _SUFFIXES:
            fitting = [path for path in paths if path.suffix == suffix and _variant(path) == wanted]
            if fitting:
                return fitting
    return []


def _variant(path: PurePosixPath) -> str | None:
    """`fp16` of model.fp16.safetensors and model.fp16-00001-of-00002.safetensors."""
    _stem, *between = path.name.removesuffix(path.suffix).split(".")
    return between[0].split("-")[0] if between else None


def _parameters(path: Path) -> int:
    if path.suffix != ".safetensors":
        return path.stat().st_size // _BYTES_WITHOUT_HEADER
    return read_header(path).parameters


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of its tensors before their values."""

    shapes: Mapping[str, tuple[int, ...]]
    """By the names of the tensors."""
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """Of all tensors."""
        return sum(prod(shape) for shape in self.shapes.values())


def read_header(path: Path) -> Header:
    """The header of a file on disk; `UnknownWeightsError` if it has none."""
    with path.open("rb") as file:
        start = file.read(_LENGTH.size)
        length = _LENGTH.unpack(start)[0] if len(start) == _LENGTH.size else 0
        if not 2 <= length <= _MAX_HEADER:
            raise UnknownWeightsError(f"{path} is no safetensors file")
        return parse_header(file.read(length), str(path))


def parse_header(content: bytes, where: str) -> Header:
    """The header that is these bytes; `UnknownWeightsError` if they are none."""
    try:
        tensors = json.loads(content)
        metadata = dict(tensors.pop("__metadata__", {}))
        shapes = {name: tuple(map(int, value["shape"])) for name, value in tensors.items()}
    except _NO_HEADER as error:
        raise UnknownWeightsError(f"{where} is no safetensors file: {error}") from error
    return Header(shapes, metadata)


def _billions(count: int) -> str:
    return f"{count / 1e9:.2f} billion" if count >= 10_000_000 else f"{count:,}"
