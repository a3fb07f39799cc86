"""Snowflakes, Discord's ids: milliseconds since 2015 and a counter, written as a string.

Contract: https://docs.discord.com/developers/reference#snowflakes
"""

import itertools

from discord_stand_in.clock import Clock

EPOCH_MS = 1_420_070_400_000
_SHIFT = 22
MAX_SNOWFLAKE = 2**63 - 1


class Snowflakes:
    """Makes ids that are unique in this process and ordered by time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = itertools.count()

    def next(self, age_seconds: float = 0.0) -> str:
        """A new id, as if it were made `age_seconds` ago."""
        milliseconds = int((self._clock.now() - age_seconds) * 1000) - EPOCH_MS
        return str((milliseconds << _SHIFT) | (next(self._count) % (1 << _SHIFT)))


def created_at(snowflake: str) -> float:
    """The time at which an id was made, in Unix seconds."""
    return ((int(snowflake) >> _SHIFT) + EPOCH_MS) / 1000
