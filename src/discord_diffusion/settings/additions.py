"""LoRAs, which the worker and the Lambda function `interactions` read alike, and embeddings."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from discord_diffusion.jobs import embeddings, loras
from discord_diffusion.jobs.additions import Addition, unknown_models
from discord_diffusion.jobs.embeddings import EmbeddingSpec
from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.settings.reader import Reader

LORAS = "LORAS"
"""LoRAs that a job may name: a JSON object, name -> {"lora": ..., "weight": ...}."""
EMBEDDINGS = "EMBEDDINGS"
"""Embeddings: a JSON object, the word that stands for one in a prompt -> {"embedding": ...}."""

A = TypeVar("A", bound=Addition)


def read_loras(read: Reader, models: Collection[str]) -> Mapping[str, LoraSpec]:
    """The LoRAs of the deployment, each for models that there are."""
    return read.optional(LORAS, _checked(loras.parse, models), {})


def read_embeddings(read: Reader, models: Collection[str]) -> Mapping[str, EmbeddingSpec]:
    """The embeddings of the deployment, each for models that there are."""
    return read.optional(EMBEDDINGS, _checked(embeddings.parse, models), {})


def _checked(
    parse: Callable[[str], Mapping[str, A]], models: Collection[str]
) -> Callable[[str], Mapping[str, A]]:
    def checked(text: str) -> Mapping[str, A]:
        additions = parse(text)
        if wrong := unknown_models(additions, models):
            raise ValueError("; ".join(wrong))
        return additions

    return checked
