"""The models of a deployment, as the setting MODELS describes them. Pure; standard library only.

MODELS is a JSON object: name -> {"model": ..., and other fields of `ModelSpec`}. A job names its
model; one that names none is drawn by the model of the setting MODEL.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from discord_diffusion.jobs.options import GUIDANCE, MODEL_NAME, SIZE, STEPS

MAX_PIXELS = (SIZE[0] ** 2, SIZE[1] ** 2)
"""Width times height of a picture."""
RELATIVE_COST = (0.01, 1000.0)
PRECISIONS = ("auto", "fp32", "fp16", "bf16")

_PUBLIC_QUERIES = ("", "download=true", "download=1")
"""What may follow the question mark of an address: the hub's own links have it."""


class TokenInAddressError(ValueError):
    """An address may hold a token; the text does not quote it, and no log may."""


def checked_source(source: str) -> str:
    """A folder, file, hub id or address of weights, as it is.

    Raises:
        TokenInAddressError: it has a user, a password or a query.
    """
    is_address = "://" in source  # who left that out may have left a token, which no path has
    address, _, query = (source.partition("://")[2] or source).partition("?")
    host = address.partition("/")[0]
    has_user = "@" in host and (is_address or ":" in host)
    has_query = query not in _PUBLIC_QUERIES and (is_address or "=" in query)
    if has_user or has_query:
        raise TokenInAddressError(
            "an address has a user or a query, where tokens are: leave them out, and give a token "
            "of the hub as HF_TOKEN"
        )
    return source


@dataclass(frozen=True)
class ModelSpec:
    """One model: where it is, and the parameters that suit it.

    `steps` and `guidance` are the defaults of its jobs, and those of the worker's first drawing.
    `max_pixels` is width times height of the largest picture that it draws. `relative_cost` is how
    many times as long it draws a picture as the default model does the same picture.
    """

    model: str
    """Folder or hub id of the pipeline, or a checkpoint in one file."""
    revision: str | None = None
    variant: str | None = None
    vae: str | None = None
    """Folder or hub id of an autoencoder in place of the pipeline's own."""
    lora: str | None = None
    """File, folder or hub id of a LoRA that is merged into the weights, such as one that draws in
    few steps; `org/name/file.safetensors` where a repository has several."""
    precision: str | None = None
    """One of `PRECISIONS`; the deployment's if None."""
    scheduler: str | None = None
    """Class name of a diffusers scheduler; the model's own if None."""
    steps: int | None = None
    guidance: float | None = None
    max_pixels: int | None = None
    relative_cost: float | None = None


def parse(text: str) -> Mapping[str, ModelSpec]:
    """Read the JSON of MODELS.

    Raises:
        ValueError: naming the model, the field and what is allowed.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("a JSON object is needed") from error
    if not isinstance(content, dict):
        raise ValueError("a JSON object of models by name is needed")
    return MappingProxyType({name: _spec(name, spec) for name, spec in content.items()})


def _spec(name: str, content: Any) -> ModelSpec:
    if not MODEL_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no model name of the form {MODEL_NAME.pattern}")
    if not isinstance(content, dict):
        raise ValueError(f"{name} is not an object")
    if unknown := sorted(content.keys() - {field.name for field in fields(ModelSpec)}):
        raise ValueError(f"{name} has no field {unknown[0]!r}")
    for field in ("model", "revision", "variant", "vae", "lora", "precision", "scheduler"):
        value = content.get(field)
        if not (isinstance(value, str) and value) and (value is not None or field == "model"):
            raise ValueError(f"{name}.{field} is not a text")
        checked_source(value or "")
    spec = ModelSpec(**content)
    if spec.precision not in (None, *PRECISIONS):
        allowed = ", ".join(PRECISIONS)
        raise ValueError(f"{name}.precision is {spec.precision!r}, not one of {allowed}")
    _check(name, "steps", spec.steps, STEPS)
    _check(name, "guidance", spec.guidance, GUIDANCE)
    _check(name, "max_pixels", spec.max_pixels, MAX_PIXELS)
    _check(name, "relative_cost", spec.relative_cost, RELATIVE_COST)
    return spec


def _check(name: str, field: str, value: float | None, allowed: tuple[float, float]) -> None:
    kinds = (int,) if isinstance(allowed[0], int) else (int, float)
    if value is not None and not (type(value) in kinds and allowed[0] <= value <= allowed[1]):
        raise ValueError(f"{name}.{field} is {value!r}, not {allowed[0]} to {allowed[1]}")
