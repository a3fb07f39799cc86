"""Whether a prompt is blocked, by the shipped rules or by one of a guild's own patterns."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from discord_diffusion.access.minors import asks_for_minors
from discord_diffusion.access.normalise import readings
from discord_diffusion.access.patterns import (
    LARGEST_PROGRAMS,
    PatternError,
    check_pattern,
    compiled,
    program_size,
)
from discord_diffusion.jobs.prompt_weights import without_weights
from discord_diffusion.jobs.refusal import Refusal

log = logging.getLogger(__name__)

MOST_PATTERNS = 100


def check(texts: Iterable[str], blocklist: Iterable[str]) -> None:
    """Return if the texts ask for no sexual picture of a minor, and no pattern matches one of them.

    `texts` are a prompt and, where there is one, its negative prompt. They are checked as they are
    written, and as models read them that understand weights.

    Raises:
        Refusal: one does.
    """
    written = tuple(texts)
    patterns = tuple(_usable(blocklist))
    for way in dict.fromkeys((written, tuple(map(without_weights, written)))):
        if asks_for_minors(*way):
            raise Refusal("blocked")
        forms = [form for text in way for form in readings(text) if form] if patterns else ()
        if any(pattern.search(form) for pattern in patterns for form in forms):
            raise Refusal("blocked")


def with_pattern(blocklist: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """The list with one more pattern.

    Raises:
        Refusal: the pattern cannot be used, or the list is full.
    """
    written = pattern.strip()
    try:
        check_pattern(written)
    except PatternError as error:
        raise Refusal("pattern_invalid", problem=error.problem) from None
    longer = (*(known for known in blocklist if known != written), written)
    if len(longer) > MOST_PATTERNS or sum(map(_size, longer)) > LARGEST_PROGRAMS:
        raise Refusal("patterns_full")
    return longer


def _usable(blocklist: Iterable[str]) -> Iterator[Any]:
    """The compiled patterns, without those of an earlier version that cannot be used any more."""
    for pattern in blocklist:
        try:
            yield compiled(pattern)
        except PatternError as error:
            log.warning("A saved pattern is ignored", extra={"reason": str(error)})


def _size(pattern: str) -> int:
    """The size of a saved pattern's program; 0 if the pattern cannot be used."""
    try:
        return program_size(pattern)
    except PatternError:
        return 0
