"""The generated pages of docs/reference: environment variables, Terraform variables, make.

`make pages` writes them; a test compares them with what is committed.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from discord_diffusion import settings
from discord_diffusion.settings.functions import (
    BacklogSettings,
    DeadLettersSettings,
    WaitingSettings,
)
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.reader import Reader, Settings
from discord_diffusion.settings.worker import WorkerSettings
from toolchain.layout import Layout

T = TypeVar("T")

_PROGRAMS: dict[str, type[Settings]] = {
    "Lambda function `interactions`": InteractionsSettings,
    "Lambda function `backlog`": BacklogSettings,
    "Lambda function `waiting`": WaitingSettings,
    "Lambda function `dead_letters`": DeadLettersSettings,
    "Worker": WorkerSettings,
}
_NONE = "none"
_VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^# (.+?) -+$", re.MULTILINE)


@dataclass(frozen=True)
class _Recorder(Reader):
    """A reader of an empty environment, which notes what it is asked for."""

    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Default and allowed values by name."""

    def _note(self, name: str, default: object, allowed: str = "") -> None:
        shown = "required" if default is Ellipsis else _shown(default)
        before, also = self.asked.get(name, (_NONE, ""))
        self.asked[name] = (before if shown == _NONE else shown, allowed or also)

    def text(self, name: str) -> str | None:
        self._note(name, None)
        return None

    def optional(self, name: str, parse: Callable[[str], T], default: T) -> T:  # noqa: ARG002
        self._note(name, default)
        return default

    def required(self, name: str, parse: Callable[[str], T], placeholder: T) -> T:  # noqa: ARG002
        self._note(name, ...)
        return placeholder

    def integer(self, name: str, default: int, allowed: tuple[int, int]) -> int:
        self._note(name, default, f"{allowed[0]} to {allowed[1]}")
        return default

    def number(self, name: str, default: float, allowed: tuple[float, float]) -> float:
        self._note(name, default, f"{allowed[0]:g} to {allowed[1]:.12g}")
        return default

    def choice(
        self,
        name: str,
        default: str,
        allowed: tuple[str, ...],
        normalise: Callable[[str], str] = str,  # noqa: ARG002
    ) -> str:
        self._note(name, default, ", ".join(f"`{one}`" for one in allowed))
        return default


def _shown(default: object) -> str:
    if isinstance(default, frozenset):
        default = ",".join(sorted(default))
    if default is None or default in ("", {}):
        return _NONE
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def environment_variables() -> str:
    """Every variable that a program of the bot reads."""
    meanings = _meanings()
    parts = [
        "# Environment variables",
        "What each program reads, and nothing else (`src/discord_diffusion/settings/`). Terraform"
        " sets them on AWS, the rig on your machine. An empty variable counts as not set; a program"
        " that finds a wrong one ends, and names every problem at once.",
    ]
    for program, settings_class in _PROGRAMS.items():
        recorder = _Recorder({})
        settings_class.read(recorder)
        rows = [
            f"| `{name}` | {_cell(meanings[name])} | {default} | {_cell(allowed)} |"
            for name, (default, allowed) in sorted(recorder.asked.items())
        ]
        head = ["| variable | what | default | allowed |", "|---|---|---|---|"]
        parts += [f"## {program}", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


def _meanings() -> dict[str, str]:
    """The docstring of each constant in the package of settings that names a variable."""
    found = {}
    for path in sorted(Path(settings.__file__).parent.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for before, after in pairwise(body):
            match before, after:
                case (
                    ast.Assign(targets=[ast.Name()], value=ast.Constant(value=str(name))),
                    ast.Expr(value=ast.Constant(value=str(meaning))),
                ):
                    found[name] = " ".join(meaning.split())
    return found


def terraform_variables() -> str:
    """Every variable of the Terraform module in infra/."""
    infra = Layout.of_this_checkout().infra
    parts = [
        "# Terraform variables",
        "The variables of the module in `infra/`, from its files. A deployment sets them in the"
        " file `aws.tfvars` beside it, which begins as a copy of `infra/aws.tfvars.example`"
        " ([operations](../operations.md#first-deployment)).",
    ]
    for path in sorted(infra.glob("variables*.tf")):
        text = path.read_text(encoding="utf-8")
        marks = [(found.start(), f"## {found[1]}") for found in _SECTION.finditer(text)]
        marks += [
            (found.start(), _variable(found[1], found[2])) for found in _VARIABLE.finditer(text)
        ]
        parts += [part for _, part in sorted(marks)]
    return "\n\n".join(parts) + "\n"


def _variable(name: str, block: str) -> str:
    arguments = dict(_arguments(block))
    described = arguments["description"]
    if described.startswith("<<-"):
        lines = textwrap.dedent("\n".join(described.splitlines()[1:-1])).splitlines()
        # A line for each attribute, which Markdown would join.
        described = "\n".join(f"- {line}" if line.startswith("`") else line for line in lines)
    else:
        described = ast.literal_eval(described)
    kind, default = arguments["type"], arguments.get("default")
    known = "Required." if default is None else f"Default: `{' '.join(default.split())}`."
    parts = [
        f"### {name}",
        described,
        f"{known} Type:" if "\n" in kind else f"{known} Type: `{kind}`.",
    ]
    if "\n" in kind:
        parts.append(f"```text\n{textwrap.dedent('  ' + kind)}\n```")
    return "\n\n".join(parts)


def _arguments(block: str) -> Iterator[tuple[str, str]]:
    """The arguments of a block of formatted HCL: each begins at an indentation of two."""
    parts = re.split(r"^  (\w+) += ", block, flags=re.MULTILINE)
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        # Up to a nested block, which begins likewise.
        yield name, re.split(r"^  \w+ \{$", value, flags=re.MULTILINE)[0].strip()


def make_targets() -> str:
    """Every target of the Makefile, in its groups."""
    parts = ["# Commands of make", "`make help` prints the same list."]
    rows: list[str] = []
    for line in (Layout.of_this_checkout().root / "Makefile").read_text().splitlines():
        if line.startswith("##@ "):
            rows = [f"## {line[4:]}\n", "| command | what |", "|---|---|"]
            parts.append("")
        elif found := re.match(r"([a-z][a-z-]*):.*?## (.*)", line):
            rows.append(f"| `make {found[1]}` | {_cell(found[2])} |")
        if rows:
            parts[-1] = "\n".join(rows)
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {
    "environment-variables.md": environment_variables,
    "terraform-variables.md": terraform_variables,
    "make.md": make_targets,
}


if __name__ == "__main__":
    folder = Layout.of_this_checkout().root / "docs" / "reference"
    for name, written in PAGES.items():
        (folder / name).write_text(written(), encoding="utf-8")
