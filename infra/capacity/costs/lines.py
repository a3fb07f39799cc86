"""Lines of a bill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from infra.capacity.figures import Figure, read_figures, read_toml


@dataclass(frozen=True)
class Line:
    """One line: how many of something at how many dollars each."""

    name: str
    count: float
    each: float

    @property
    def dollars(self) -> float:
        """What the line comes to."""
        return self.count * self.each


def total(lines: Iterable[Line]) -> float:
    """What a bill comes to, in dollars."""
    return sum(line.dollars for line in lines)


@dataclass(frozen=True)
class Counts:
    """Everything in `counts.toml`."""

    numbers: Mapping[str, Figure]

    def __getitem__(self, key: str) -> float:
        return self.numbers[key].value

    def but(self, **values: float) -> "Counts":
        """The same with some of them changed: what would be if."""
        changed = {key: replace(self.numbers[key], value=value) for key, value in values.items()}
        return Counts({**self.numbers, **changed})


@cache
def counts() -> Counts:
    """Read the file; a missing, unknown or misspelt field raises, naming it."""
    return Counts(read_figures(read_toml("counts.toml")["count"]))
