"""Whether a prompt is refused: the list that is shipped, and what a guild has added."""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from discord_diffusion.access.normalise import readings
from discord_diffusion.access.patterns import (
    HIGHEST_COST_IN_ALL,
    PatternError,
    compiled,
    cost,
    usable,
)
from discord_diffusion.jobs.refusal import Refusal

log = logging.getLogger(__name__)

_SHIPPED = Path(__file__).with_name("blocklist.txt")
MOST_PATTERNS = 100


def check(texts: Iterable[str], blocklist: Iterable[str]) -> None:
    """Return if none of the texts holds what is not wanted.

    Raises:
        Refusal: one does.
    """
    forms = [reading for text in texts if text for reading in readings(text)]
    for pattern in (*shipped(), *_usable(blocklist)):
        if any(pattern.search(form) for form in forms):
            raise Refusal("blocked")


def with_pattern(blocklist: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """The list with one more pattern.

    Raises:
        Refusal: it can't be used, or the list is full.
    """
    written = pattern.strip()
    try:
        usable(written)
    except PatternError as error:
        raise Refusal("pattern_invalid", problem=error.problem) from None
    longer = (*(one for one in blocklist if one != written), written)
    if len(longer) > MOST_PATTERNS or sum(map(_cost, longer)) > HIGHEST_COST_IN_ALL:
        raise Refusal("patterns_full")
    return longer


def _usable(blocklist: Iterable[str]) -> Iterator[re.Pattern[str]]:
    """The patterns that are some: one kept by an earlier version may be none to this one."""
    for pattern in blocklist:
        try:
            yield compiled(pattern)
        except PatternError as error:
            log.warning("A kept pattern is passed over", extra={"reason": str(error)})


def _cost(pattern: str) -> int:
    """What a kept pattern costs: nothing if it is none, as it is passed over."""
    try:
        return cost(pattern)
    except PatternError:
        return 0


@cache
def shipped() -> tuple[re.Pattern[str], ...]:
    """The patterns that hold everywhere: what is against the law nearly everywhere."""
    lines = (line.strip() for line in _SHIPPED.read_text("utf-8").splitlines())
    return tuple(compiled(line) for line in lines if line and not line.startswith("#"))
