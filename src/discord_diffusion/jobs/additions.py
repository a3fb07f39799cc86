"""What LoRAs and embeddings have in common in their settings. Pure; standard library only."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from discord_diffusion.jobs.models import checked_source

_FILE = re.compile(r"[^/\\]+\.safetensors")


class Addition(Protocol):
    """Weights that are added to models."""

    @property
    def models(self) -> tuple[str | None, ...]:
        """The models that it was made for, by their names in MODELS; None is the default model."""


A = TypeVar("A", bound=Addition)


def parse_additions(
    text: str, names: re.Pattern[str], read: Callable[[str, dict[str, Any]], A]
) -> Mapping[str, A]:
    """Read a JSON object of additions by name; `read` gets the name and the fields of each.

    Raises:
        ValueError: naming the addition, the field and what is allowed.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("a JSON object is needed") from error
    if not isinstance(content, dict):
        raise ValueError("a JSON object of objects by name is needed")
    for name, value in content.items():
        if not names.fullmatch(name):
            raise ValueError(f"{name!r} is no name of the form {names.pattern}")
        if not isinstance(value, dict):
            raise ValueError(f"{name} is not an object")
    return MappingProxyType({name: read(name, value) for name, value in content.items()})


def checked_fields(
    name: str, content: dict[str, Any], kind: type, texts: Collection[str], required: str
) -> dict[str, Any]:
    """The fields of an addition for `kind`, those that are not there or null left out.

    Raises:
        ValueError: naming the field and what is allowed.
    """
    if unknown := sorted(content.keys() - {field.name for field in fields(kind)}):
        raise ValueError(f"{name} has no field {unknown[0]!r}")
    given = {key: value for key, value in content.items() if value is not None}
    for field in (required, *texts):
        value = given.get(field, None if field == required else "-")
        if not (isinstance(value, str) and value):
            raise ValueError(f"{name}.{field} is not a text")
    for field in (required, "file"):
        checked_source(given.get(field, ""))
    if "file" in given and not _FILE.fullmatch(given["file"]):
        raise ValueError(f"{name}.file is {given['file']!r}, not the name of a .safetensors file")
    models = given.get("models", [None])
    if not (isinstance(models, list) and models) or not all(
        model is None or isinstance(model, str) for model in models
    ):
        raise ValueError(f"{name}.models is no array of models' names; null is the default model")
    return given | {"models": tuple(models)}


def unknown_models(additions: Mapping[str, Addition], models: Collection[str]) -> list[str]:
    """A line for each model that an addition is for and that there is not."""
    return [
        f"{name}.models names {model!r}, which is not in MODELS"
        for name, addition in additions.items()
        for model in addition.models
        if model is not None and model not in models
    ]


def for_model(additions: Mapping[str, A], model: str | None) -> dict[str, A]:
    """Those that were made for a model."""
    return {name: one for name, one in additions.items() if model in one.models}
