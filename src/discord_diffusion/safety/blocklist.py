"""Whether a prompt is refused: the list that is shipped, and what a guild has added."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from discord_diffusion.refusals import Refusal
from discord_diffusion.safety.normalise import readings
from discord_diffusion.safety.patterns import (
    HIGHEST_COST_IN_ALL,
    PatternError,
    compiled,
    cost,
    usable,
)

_SHIPPED = Path(__file__).with_name("blocklist.txt")
MOST_PATTERNS = 100


def check(texts: Iterable[str], blocklist: Iterable[str]) -> None:
    """Return if none of the texts holds what is not wanted.

    Raises:
        Refusal: one does.
    """
    forms = [reading for text in texts if text for reading in readings(text)]
    for pattern in (*shipped(), *map(compiled, blocklist)):
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
        raise Refusal("pattern_invalid", problem=f"`{str(error).replace('`', '')[:100]}`") from None
    longer = (*(one for one in blocklist if one != written), written)
    if len(longer) > MOST_PATTERNS or sum(map(cost, longer)) > HIGHEST_COST_IN_ALL:
        raise Refusal("patterns_full")
    return longer


@cache
def shipped() -> tuple[re.Pattern[str], ...]:
    """The patterns that hold everywhere: what is against the law nearly everywhere."""
    lines = (line.strip() for line in _SHIPPED.read_text("utf-8").splitlines())
    return tuple(compiled(line) for line in lines if line and not line.startswith("#"))
