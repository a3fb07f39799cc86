"""How much of a prompt a model reads. Text encoders leave out what comes after their last place."""

import inspect
import logging
from typing import Any

from discord_diffusion.worker.pipeline import prompt_chunks

log = logging.getLogger(__name__)

_TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3", "tokenizer_4")


def unread_part(pipe: Any, prompt: str) -> str:
    """The end of a prompt that none of the pipeline's text encoders reads; empty if one reads all.

    CLIP's alone read several chunks; beside others they have 77 places, for 75 tokens. How many the
    others have the pipeline says.
    """
    if prompt_chunks.reads_chunks(pipe):
        try:
            return prompt[prompt_chunks.read_length(pipe, prompt) :]
        except NotImplementedError:
            pass  # it is encoded as one chunk, too
    places = [
        _first_unread(tokenizer, _limit(pipe, tokenizer), prompt)
        for name in _TOKENIZERS
        if (tokenizer := getattr(pipe, name, None)) is not None
    ]
    return prompt[max(places) :] if places else ""


def _limit(pipe: Any, tokenizer: Any) -> int:
    """The places of the text encoder that a tokenizer belongs to."""
    own = int(tokenizer.model_max_length)
    if type(tokenizer).__name__.startswith("CLIP"):
        return own
    parameters = inspect.signature(pipe.__call__).parameters
    asked = parameters.get("max_sequence_length")
    return asked.default if asked and isinstance(asked.default, int) else own


def _first_unread(tokenizer: Any, limit: int, prompt: str) -> int:
    """The place in the prompt of the first token that does not fit; its length if all fit."""
    try:
        encoded = tokenizer(prompt, return_offsets_mapping=True, truncation=False)
        tokens = encoded["offset_mapping"]
        # The last place is for the mark of the end.
        return int(tokens[limit - 1][0]) if len(tokens) > limit else len(prompt)
    except Exception as error:  # noqa: BLE001 - a note is never worth a picture
        log.warning("The prompt is not measured", extra={"error": type(error).__name__})
        return len(prompt)
