"""`/help` names every command; one whose id is known is begun by a click on it."""

import pytest

from discord_diffusion.discord.commands import COMMANDS, IMAGINE, SETTINGS, SHOW_PARAMETERS
from discord_diffusion.texts.catalogue import LANGUAGES, described
from tests.messages import text_of
from tests.unit.functions.conftest import Caller, imagine

SLASH = [command for command in COMMANDS if command is not SHOW_PARAMETERS]


def lines_of_help(caller: Caller, locale: str = "en") -> list[str]:
    payload = imagine() | {"data": {"name": "help"}, "locale": locale}
    return text_of(caller.content(payload)["data"]).splitlines()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_commands_are_mentioned_by_their_ids_and_described_in_every_language(
    caller: Caller, locale: str
) -> None:
    caller.store.command_ids.ids = {one.name: str(100 + at) for at, one in enumerate(SLASH)}
    ids = caller.store.command_ids.ids
    lines = lines_of_help(caller, locale)
    imagine_text = described(locale, IMAGINE.key)[1]
    assert f"</imagine:{ids['imagine']}> — {imagine_text}" in lines
    settings_text = described(locale, SETTINGS.key)[1]
    assert f"</settings show:{ids['settings']}> — {settings_text}" in lines
    assert sum(line.startswith("</") for line in lines) == len(SLASH)
    name = described(locale, SHOW_PARAMETERS.key)[0]
    assert any(line.startswith(f"*{name}* — ") for line in lines)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_commands_without_a_known_id_are_plain_text(caller: Caller, locale: str) -> None:
    caller.store.command_ids.ids = {"queue": "7"}
    lines = lines_of_help(caller, locale)
    assert next(line for line in lines if line.startswith("</")).startswith("</queue:7> — ")
    for command in SLASH:
        name, description = described(locale, command.key)
        assert (f"`/{name}` — {description}" in lines) == (command.name != "queue")


def test_no_other_interaction_reads_the_ids(caller: Caller) -> None:
    caller.content(imagine(prompt="a star"))
    caller.content(imagine() | {"data": {"name": "queue"}})
    assert caller.store.command_ids.reads == 0
    lines_of_help(caller)
    assert caller.store.command_ids.reads == 1
