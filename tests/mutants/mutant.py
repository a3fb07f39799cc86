"""One mutant: a change of one function."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A function of a module, and its lines before and after the change, not indented."""

    module: str
    function: str
    before: str
    after: str

    def __str__(self) -> str:
        lines = [f"- {line}" for line in self.before.splitlines()]
        lines += [f"+ {line}" for line in self.after.splitlines()]
        return "\n    ".join([f"{self.module}: {self.function}", *lines])
