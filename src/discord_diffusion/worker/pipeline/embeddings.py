"""Embeddings (textual inversions): words that a model learns when it is loaded.

A file holds one vector for each token of a word, or, for SDXL, those of both text encoders:
https://huggingface.co/docs/diffusers/using-diffusers/textual_inversion_inference
"""

from collections.abc import Mapping
from typing import Any

from diffusers.loaders.textual_inversion import load_textual_inversion_state_dicts

from discord_diffusion.jobs.embeddings import EmbeddingSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline.weights import file_arguments, short_reason

_ENCODERS = {"clip_l": "", "clip_g": "_2"}
"""The vectors in a file for both text encoders, and the ends of the encoders' names."""


def load_embeddings(pipe: Any, specs: Mapping[str, EmbeddingSpec]) -> None:
    """Teach a pipeline words.

    Raises:
        ModelLoadError: an embedding is missing or broken, or is for another model.
    """
    for word, spec in specs.items():
        if not hasattr(pipe, "load_textual_inversion"):
            raise ModelLoadError(f"EMBEDDINGS: {word}: {type(pipe).__name__} takes no embedding")
        try:
            _load(pipe, word, spec)
        except Exception as error:
            text = f"EMBEDDINGS: {word} cannot be loaded: {short_reason(error)}"
            raise ModelLoadError(text) from error


def _load(pipe: Any, word: str, spec: EmbeddingSpec) -> None:
    words = file_arguments(spec.embedding, spec.file, spec.revision)
    source = words.pop("pretrained_model_name_or_path_or_dict")
    load: Any = load_textual_inversion_state_dicts  # diffusers types no arguments here
    [state] = load([source], **words)
    parts = {key: end for key, end in _ENCODERS.items() if key in state}
    if not parts:
        pipe.load_textual_inversion(state, token=word)
    for key, end in parts.items():
        if getattr(pipe, f"text_encoder{end}", None) is None:
            raise ModelLoadError("it has vectors for two text encoders, and this model has one")
        pipe.load_textual_inversion(
            {word: state[key]},
            token=word,
            text_encoder=getattr(pipe, f"text_encoder{end}"),
            tokenizer=getattr(pipe, f"tokenizer{end}"),
        )
