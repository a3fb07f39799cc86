"""Whether a prompt is blocked, by the shipped list or by one of a guild's own patterns."""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from discord_diffusion.access.normalise import readings
from discord_diffusion.access.patterns import (
    LARGEST_PROGRAMS,
    PatternError,
    check_pattern,
    compiled,
    program_size,
)
from discord_diffusion.jobs.refusal import Refusal

log = logging.getLogger(__name__)

_SHIPPED = Path(__file__).with_name("blocklist.txt")
MOST_PATTERNS = 100


def check(texts: Iterable[str], blocklist: Iterable[str]) -> None:
    """Return if no pattern matches one of the texts.

    Raises:
        Refusal: a pattern matches.
    """
    forms = [reading for text in texts for reading in readings(text) if reading]
    for pattern in (*shipped(), *_usable(blocklist)):
        if any(pattern.search(form) for form in forms):
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


@cache
def shipped() -> tuple[re.Pattern[str], ...]:
    """The patterns that hold in every guild: words for what is illegal nearly everywhere.

    They are known to be fast, so Python's own `re` matches them.
    """
    lines = (line.strip() for line in _SHIPPED.read_text("utf-8").splitlines())
    return tuple(
        re.compile(rf"\b(?:{line})\b", re.IGNORECASE)
        for line in lines
        if line and not line.startswith("#")
    )
