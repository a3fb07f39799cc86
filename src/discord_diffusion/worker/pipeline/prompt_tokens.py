"""Prompts as tokens with weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from discord_diffusion.jobs.prompt_weights import WEIGHTED

LARGEST_WEIGHT = 2.0
"""What is stressed more makes noise of the picture."""


@dataclass(frozen=True)
class Token:
    """A token of a prompt, and the place in the prompt of its first character."""

    id: int
    weight: float
    place: int


def has_weights(prompt: str) -> bool:
    """Whether a part of the prompt is weighted."""
    return WEIGHTED.search(prompt) is not None


def tokens(tokenizer: Any, prompt: str) -> list[Token]:
    """The tokens of a prompt, without those for its beginning and end.

    Raises:
        NotImplementedError: the tokenizer says no places.
    """
    found: list[Token] = []
    for text, weight, start in _parts(prompt):
        encoded = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False
        )
        pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        found += [Token(one, weight, start + offset[0]) for one, offset in pairs]
    return found


def chunks(whole: Sequence[Token], length: int) -> list[Sequence[Token]]:
    """The tokens in chunks of at most that length; at least one, which may be empty."""
    starts = range(0, max(1, len(whole)), length)
    return [whole[start : start + length] for start in starts]


def _parts(prompt: str) -> Iterator[tuple[str, float, int]]:
    """Texts of one weight, each with its place in the prompt."""
    end = 0
    for match in WEIGHTED.finditer(prompt):
        if match.start() > end:
            yield prompt[end : match.start()], 1.0, end
        yield match[1], min(float(match[2]), LARGEST_WEIGHT), match.start(1)
        end = match.end()
    if end < len(prompt) or not end:
        yield prompt[end:], 1.0, end
