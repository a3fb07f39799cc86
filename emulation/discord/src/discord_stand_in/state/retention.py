"""What the stand-in keeps: the newest of each kind, and whatever a token may still be used for."""

from dataclasses import dataclass

from discord_stand_in.clock import Clock


@dataclass(frozen=True)
class Retention:
    """How many of a kind are kept, and for how long each is kept in any case."""

    clock: Clock
    number: int
    seconds: float
    """How long the token of an interaction is valid: until then nothing is forgotten."""

    def is_over(self, count: int, used_at: float) -> bool:
        """Whether the oldest of `count`, which was last used then (Unix seconds), is forgotten."""
        return count > self.number and self.clock.now() >= used_at + self.seconds
