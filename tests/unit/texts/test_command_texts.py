"""The commands, complete in every language and within Discord's limits."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest

from discord_diffusion.discord.command_model import Command, CommandType
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.texts.catalogue import LANGUAGES, command_texts, described
from emulation.discord.validation.commands import commands
from infra.deploy.registration import registration
from tests.unit import command_limits


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
def test_every_language_names_and_describes_everything_and_nothing_else(language: str) -> None:
    texts = command_texts(language)
    assert list(texts) == list(command_texts("en"))
    assert set(texts) == set(PATHS)
    for path, found in texts.items():
        assert len(found) == (1 if "=" in path else 2)
        assert all(text == text.strip() and 0 < len(text) <= 100 for text in found), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_keep_discords_rule_and_differ_beside_each_other(language: str) -> None:
    texts = command_texts(language)
    for command in COMMANDS:
        if command.type is CommandType.CHAT_INPUT:
            for path in paths(command):
                name = texts[path][0]
                if "=" not in path:
                    assert re.fullmatch(command_limits.COMMAND_NAME, name), name
                    assert name == name.lower()
        groups = [command.options, *(one.options for one in command.subcommands)]
        owners = [command.key, *(f"{command.key}.{one.name}" for one in command.subcommands)]
        for owner, options in zip(owners, groups, strict=True):
            names = [texts[f"{owner}.{option.name}"][0] for option in options]
            assert len(set(names)) == len(names), owner


def test_the_stand_in_which_knows_discords_rules_takes_the_registration() -> None:
    assert len(commands(registration())) == len(COMMANDS)


def test_every_option_is_bounded_by_values_choices_or_autocomplete() -> None:
    nested = ([one, *one.get("options", [])] for command in registration()
              for one in command.get("options", []))  # fmt: skip
    for option in chain.from_iterable(nested):
        if option["type"] in (3, 4, 10):
            bounded = {"max_value", "max_length", "choices"} & set(option)
            assert bounded, option["name"]


def test_a_text_is_found_for_any_locale_of_discords() -> None:
    assert described("es-419", "queue") == described("es-ES", "queue")
    assert described("en-GB", "queue") == described("sv-SE", "queue")
    assert described("pt-BR", "queue")[0] == "fila"
