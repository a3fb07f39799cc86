"""Embeddings (textual inversions) of a deployment, as the setting EMBEDDINGS describes them.

EMBEDDINGS is a JSON object: the word that stands for an embedding in prompts -> {"embedding": ...,
and other fields of `EmbeddingSpec`}. Pure; standard library only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.jobs.additions import checked_fields, parse_additions

WORD = re.compile(r"[A-Za-z0-9<>_-]{2,32}")


@dataclass(frozen=True)
class EmbeddingSpec:
    """One embedding: where it is, and for which models."""

    embedding: str
    """File, folder or hub id."""
    file: str | None = None
    """Name of the file in the folder or the hub's repository, where there are several."""
    revision: str | None = None
    models: tuple[str | None, ...] = (None,)
    """The models that it was made for, by their names in MODELS; None is the default model."""


def parse(text: str) -> Mapping[str, EmbeddingSpec]:
    """Read the JSON of EMBEDDINGS.

    Raises:
        ValueError: naming the embedding, the field and what is allowed.
    """
    return parse_additions(text, WORD, _spec)


def _spec(word: str, content: dict[str, Any]) -> EmbeddingSpec:
    texts = ("file", "revision")
    return EmbeddingSpec(**checked_fields(word, content, EmbeddingSpec, texts, "embedding"))
