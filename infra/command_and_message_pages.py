"""The generated parts of docs/commands.md and docs/messages.md.

`make pages` writes them.
"""

from collections.abc import Iterator
from pathlib import Path

from discord_diffusion.discord.command_model import Command, CommandType, Option
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.texts.catalogue import FALLBACK, described, texts

_SECTIONS = {
    "refused": "Refused: told at once, to the user alone",
    "failed": "Failed: written into the message that the pictures were to be in",
    "done": "Done",
}


def commands() -> str:
    """Every command with its options."""
    return "\n\n".join(_command(command) for command in COMMANDS)


def messages() -> str:
    """Every message to a user other than pictures: its key and its English text."""
    parts = []
    for section, title in _SECTIONS.items():
        rows = [
            f"| `{key}` | {_cell(text)} |"
            for key, text in texts(FALLBACK).items()
            if key.startswith(f"{section}.")
        ]
        parts.append("\n".join([f"## {title}", "", "| key | text |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def _command(command: Command) -> str:
    slash = "/" if command.type is CommandType.CHAT_INPUT else ""
    sections = [_section(f"## {slash}{command.name}", command.key, command.options)]
    for subcommand in command.subcommands:
        heading = f"### /{command.name} {subcommand.name}"
        path = f"{command.key}.{subcommand.name}"
        sections.append(_section(heading, path, subcommand.options))
    return "\n\n".join(sections)


def _section(heading: str, path: str, options: tuple[Option, ...]) -> str:
    lines = [heading, "", f"{described(FALLBACK, path)[1]}."]
    if options:
        lines += ["", "| option | what | allowed |", "|---|---|---|", *_rows(path, options)]
    return "\n".join(lines)


def _rows(path: str, options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        needed = " (required)" if option.required else ""
        what = described(FALLBACK, f"{path}.{option.name}")[1]
        yield f"| `{option.name}`{needed} | {_cell(what)} | {_allowed(option)} |"


def _allowed(option: Option) -> str:
    if option.choices:
        return ", ".join(f"`{choice.value}`" for choice in option.choices)
    kind = option.type.name.lower()
    if option.maximum is None:
        return kind
    unit = " characters" if kind == "string" else ""
    completed = ", completed while typing" if option.autocomplete else ""
    return f"{option.minimum:g} to {option.maximum:.12g}{unit}{completed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(folder: Path) -> None:
    """Write the generated part of both pages anew; it goes from its first heading to the end."""
    for name, part in (("commands", commands()), ("messages", messages())):
        path = folder / f"{name}.md"
        heading, _, _ = part.partition("\n")
        written, _, _ = path.read_text("utf-8").partition(f"\n{heading}\n")
        path.write_text(f"{written}\n{part}\n", "utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[1] / "docs")
