"""LoRAs: those of a deployment, as the setting LORAS describes them, and those that a job names.

LORAS is a JSON object: name -> {"lora": ..., and other fields of `LoraSpec`}. A job names up to
three of them in one text, each with a weight: `ink:0.8,gold:1`. Pure; standard library only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.jobs.additions import checked_fields, parse_additions
from discord_diffusion.jobs.options import LORA_NAME, LORA_WEIGHT

MOST = 3
"""LoRAs of one job."""
_TRIGGER_LENGTH = 200


@dataclass(frozen=True)
class LoraSpec:
    """One LoRA: where it is, and how it is used."""

    lora: str
    """File, folder or hub id."""
    file: str | None = None
    """Name of the file in the folder or the hub's repository, where there are several."""
    revision: str | None = None
    trigger: str = ""
    """Words that the prompt must have for it to work; added where they are missing."""
    weight: float = 1.0
    """For jobs that name none."""
    models: tuple[str | None, ...] = (None,)
    """The models that it was made for, by their names in MODELS; None is the default model."""


@dataclass(frozen=True, order=True)
class ChosenLora:
    """One LoRA of a job."""

    name: str
    weight: float

    def __str__(self) -> str:
        return f"{self.name}:{round(self.weight, 2):g}"


LoraSet = tuple[ChosenLora, ...]
"""Those of a job, by name."""


def set_text(chosen: Collection[ChosenLora]) -> str:
    """The text of a set: the same for the same LoRAs, in whatever order they were named."""
    return ",".join(map(str, sorted(chosen)))


def read_set(text: str) -> LoraSet:
    """The set of a text that `set_text` wrote."""
    pairs = (one.split(":") for one in text.split(","))
    return tuple(ChosenLora(name, float(weight)) for name, weight in pairs)


def parse(text: str) -> Mapping[str, LoraSpec]:
    """Read the JSON of LORAS.

    Raises:
        ValueError: naming the LoRA, the field and what is allowed.
    """
    return parse_additions(text, LORA_NAME, _spec)


def _spec(name: str, content: dict[str, Any]) -> LoraSpec:
    given = checked_fields(name, content, LoraSpec, ("file", "revision", "trigger"), "lora")
    if len(given.get("trigger", "")) > _TRIGGER_LENGTH:
        raise ValueError(f"{name}.trigger is longer than {_TRIGGER_LENGTH} characters")
    low, high = LORA_WEIGHT
    weight = given.get("weight", 1.0)
    if type(weight) not in (int, float) or not low <= weight <= high:
        raise ValueError(f"{name}.weight is {weight!r}, not {low:g} to {high:g}")
    return LoraSpec(**given | {"weight": float(weight)})
