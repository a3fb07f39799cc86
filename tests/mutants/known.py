"""The reviewed survivors, each with the reason why no test has to kill it."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant

KINDS = ("equivalent", "tuning", "text")
"""No behaviour differs; a value that is only tuned; a text that people read."""
FILE = Path(__file__).with_name("known.toml")


@dataclass(frozen=True)
class KnownSurvivor:
    """A mutant that may survive. `kind` is one of `KINDS`."""

    mutant: Mutant
    kind: str
    reason: str


def read(file: Path = FILE) -> list[KnownSurvivor]:
    """The list in a file: by module, groups of changes that have one reason.

    Raises:
        ValueError: naming the entry that is wrong.
    """
    found = []
    for module, groups in tomllib.loads(file.read_text()).items():
        for group in groups:
            kind, reason, changes = group["kind"], group["reason"], group["changes"]
            if kind not in KINDS or not reason or not changes:
                raise ValueError(f"{module}: {group}: needs a kind of {KINDS}, a reason, changes")
            for before, after in changes:
                mutant = Mutant(module, group["function"], before, after)
                found.append(KnownSurvivor(mutant, kind, reason))
    return found


def not_in_source(root: Path, known: Iterable[KnownSurvivor]) -> list[Mutant]:
    """Those whose lines are no longer in their function."""
    return [each.mutant for each in known if not _is_in_source(root, each.mutant)]


def _is_in_source(root: Path, mutant: Mutant) -> bool:
    path = root / mutant.module
    text = path.read_text() if path.exists() else ""
    lines = [line.strip() for line in mutant.before.splitlines()]
    return any(_has_run(source.splitlines(), lines) for source in _functions(text, mutant.function))


def _has_run(source: list[str], lines: list[str]) -> bool:
    """Whether the lines, whatever their indentation, follow each other in the source."""
    plain = [line.strip() for line in source]
    return any(plain[at : at + len(lines)] == lines for at in range(len(plain)))


def _functions(text: str, name: str) -> Iterator[str]:
    """The sources of the functions and methods that have this name, `Class.method` for a method."""
    owner, _, function = name.rpartition(".")
    tree = ast.parse(text)
    bodies = [tree.body] if not owner else [
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner
    ]  # fmt: skip
    for node in (node for body in bodies for node in body):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            yield ast.get_source_segment(text, node) or ""
