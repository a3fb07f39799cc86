"""The commands, complete in every language and within Discord's limits."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from discord_diffusion.discord.command_model import Command, CommandType
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.texts.catalogue import LANGUAGES, command_texts, described
from discord_stand_in.validation.commands import commands
from infra.deploy.registration import registration

# Discord's limits of a registration:
# https://docs.discord.com/developers/interactions/application-commands#application-command-object
COMMAND_NAME = r"[-_'\w]{1,32}"
COMMAND_DESCRIPTION_LENGTH = (1, 100)
COMMAND_OPTIONS = 25
COMMAND_CHOICES = 25
COMMAND_CHARACTERS = 8000


def paths(command: Command) -> Iterator[str]:
    """The path of everything in a command that has a text."""
    yield command.key
    owners = {command.key: command.options} | {
        f"{command.key}.{one.name}": one.options for one in command.subcommands
    }
    yield from owners.keys() - {command.key}
    for owner, options in owners.items():
        for option in options:
            yield f"{owner}.{option.name}"
            yield from (
                f"{owner}.{option.name}={choice.value}"
                for choice in option.choices
                if choice.label is None
            )


PATHS = [path for command in COMMANDS for path in paths(command)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_texts_of_all_commands_and_no_others(language: str) -> None:
    texts = command_texts(language)
    assert list(texts) == list(command_texts("en"))
    assert set(texts) == set(PATHS)
    for path, found in texts.items():
        assert len(found) == (1 if "=" in path else 2)
        assert all(text == text.strip() and 0 < len(text) <= 100 for text in found), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_keep_discords_rule_and_are_unique_within_a_command(language: str) -> None:
    texts = command_texts(language)
    for command in COMMANDS:
        if command.type is CommandType.CHAT_INPUT:
            for path in paths(command):
                name = texts[path][0]
                if "=" not in path:
                    assert re.fullmatch(COMMAND_NAME, name), name
                    assert name == name.lower()
        groups = [command.options, *(one.options for one in command.subcommands)]
        owners = [command.key, *(f"{command.key}.{one.name}" for one in command.subcommands)]
        for owner, options in zip(owners, groups, strict=True):
            names = [texts[f"{owner}.{option.name}"][0] for option in options]
            assert len(set(names)) == len(names), owner


def test_the_stand_in_accepts_the_registration() -> None:
    assert len(commands(registration())) == len(COMMANDS)


def test_every_option_is_bounded_by_values_choices_or_autocomplete() -> None:
    nested = ([one, *one.get("options", [])] for command in registration()
              for one in command.get("options", []))  # fmt: skip
    for option in chain.from_iterable(nested):
        if option["type"] in (3, 4, 10):
            bounded = {"max_value", "max_length", "choices"} & set(option)
            assert bounded, option["name"]


def test_every_locale_of_discord_has_a_description() -> None:
    assert described("es-419", "queue") == described("es-ES", "queue")
    assert described("en-GB", "queue") == described("sv-SE", "queue")
    assert described("pt-BR", "queue")[0] == "fila"


def option_lists(command: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The options of a command and of its sub-commands."""
    own = command.get("options", [])
    return [own, *(one["options"] for one in own if one["type"] == 1)]


def test_every_command_keeps_discords_limits() -> None:
    for command in registration():
        for options in option_lists(command):
            assert len(options) <= COMMAND_OPTIONS
            needed = [one.get("required", False) for one in options]
            assert needed == sorted(needed, reverse=True), "required options come first"
            assert len({one["name"] for one in options}) == len(options)
            assert all(len(one.get("choices", [])) <= COMMAND_CHOICES for one in options)
        named = [one for options in option_lists(command) for one in options]
        for one in [command, *named] if command["type"] == 1 else named:
            assert re.fullmatch(COMMAND_NAME, one["name"])
            assert one["name"] == one["name"].lower()
            low, high = COMMAND_DESCRIPTION_LENGTH
            assert low <= len(one["description"]) <= high
        texts = re.findall(r'"(?:name|description|value)": "([^"]*)"', json.dumps(command))
        assert sum(map(len, texts)) <= COMMAND_CHARACTERS
