"""Says which texts a language lacks: a sentence each, with the language, the key and the file.

`python -m infra.translations`, which `make lint` runs, prints them and then exits with status 1.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from discord_diffusion.discord.command_model import Command, Option
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.jobs.options import OPTIONS
from discord_diffusion.texts.catalogue import FALLBACK, LANGUAGES, PLACE

SOURCE = Path(__file__).parents[1] / "src" / "discord_diffusion"
LOCALES = SOURCE / "texts" / "locales"


def problems(locales: Path = LOCALES) -> list[str]:
    """What is wrong with the texts of a folder like `texts/locales`, a sentence each."""
    return [*_of_commands(locales), *_of_texts(locales)]


def command_paths(command: Command) -> Iterator[str]:
    """The path of everything in a command that has a name of its own in each language."""
    yield command.key
    yield from _option_paths(command.key, command.options)
    for one in command.subcommands:
        yield f"{command.key}.{one.name}"
        yield from _option_paths(f"{command.key}.{one.name}", one.options)


def _option_paths(owner: str, options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        yield f"{owner}.{option.name}"
        for choice in option.choices:
            if choice.label is None:
                yield f"{owner}.{option.name}={choice.value}"


def _of_commands(locales: Path) -> Iterator[str]:
    paths = {path for command in COMMANDS for path in command_paths(command)}
    for language in LANGUAGES:
        file = locales / "commands" / f"{language}.json"
        known: dict[str, list[str]] = json.loads(file.read_text("utf-8"))
        yield from _differences(language, file, known, paths, "no command or option")
        for path in sorted(paths & known.keys()):
            wanted = ["name"] if "=" in path else ["name", "description"]
            if len(known[path]) != len(wanted):
                yield f"{language}: `{path}` needs {' and '.join(wanted)} in {_shown(file)}"


def _of_texts(locales: Path) -> Iterator[str]:
    files = {language: locales / f"{language}.json" for language in LANGUAGES}
    texts = {name: json.loads(file.read_text("utf-8")) for name, file in files.items()}
    english: Mapping[str, str] = texts[FALLBACK]
    keys = english.keys() | _named_in_code()
    for language, file in files.items():
        yield from _differences(language, file, texts[language], keys, "not in en.json")
        for key in sorted(english.keys() & texts[language].keys()):
            places, others = (set(PLACE.findall(one[key])) for one in (english, texts[language]))
            for place in sorted(places ^ others):
                what = "lacks" if place in places else "has, unlike English,"
                yield f"{language}: `{key}` {what} the place {{{place}}} in {_shown(file)}"


def _differences(
    language: str, file: Path, known: Mapping[str, object], wanted: set[str], unknown: str
) -> Iterator[str]:
    for key in sorted(wanted - known.keys()):
        yield f"{language}: `{key}` has no text in {_shown(file)}"
    for key in sorted(known.keys() - wanted):
        yield f"{language}: `{key}` in {_shown(file)} is {unknown}"


def _named_in_code() -> set[str]:
    """The keys that the code names as they are, and those of the table of options."""
    modules = (ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py"))
    calls = (node for module in modules for node in ast.walk(module) if isinstance(node, ast.Call))
    said = {
        str(call.args[1].value)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "say"
        and isinstance(call.args[1], ast.Constant)
    }
    shown = {f"modal.{option.name}" for option in OPTIONS if option.on_edit_form}
    return said | shown | {f"parameters.{option.name}" for option in OPTIONS if option.is_listed}


def _shown(file: Path) -> str:
    root = SOURCE.parents[1]
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


if __name__ == "__main__":
    found = problems()
    sys.stdout.write("".join(f"{one}\n" for one in found))
    sys.exit(1 if found else 0)
