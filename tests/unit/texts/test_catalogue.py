"""Every text in every language: the same keys, the same places, and short enough."""

import re
from pathlib import Path

import pytest

from discord_diffusion.discord.commands import COMMANDS, IMAGINE, SETTINGS
from discord_diffusion.texts.catalogue import (
    LANGUAGES,
    PLACE,
    command_texts,
    language_of,
    say,
    texts,
)
from toolchain.layout import Layout

SOURCE = Layout.of_this_checkout().root / "src" / "discord_diffusion"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_texts_with_the_same_places(language: str) -> None:
    assert list(texts(language)) == list(texts("en"))
    for key, text in texts(language).items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(texts("en")[key])), key
        assert text.strip() == text != ""
        assert len(text) <= 500
        assert "{}" not in text


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_hardly_a_text_is_left_in_english(language: str) -> None:
    same = [key for key, text in texts(language).items() if text == texts("en")[key]]
    assert len(same) <= 8, same


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_keep_discords_limits(language: str) -> None:
    for key, text in texts(language).items():
        if key.startswith("button."):
            assert len(text) <= 80 - len("{number}")
        if key.startswith("modal."):
            assert len(text) <= 45


def test_an_unknown_locale_gets_english_texts() -> None:
    assert [language_of(one) for one in ("de", "es-419", "pt-BR", "en-GB", "sv-SE", "")] == [
        "de", "es-ES", "pt-BR", "en", "en", "en",
    ]  # fmt: skip


def test_values_are_inserted_unchanged() -> None:
    assert say("en-US", "done.deleted", user="{user}") == "Deleted by {user}."
    with pytest.raises(KeyError):
        say("de", "done.deleted")


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_name_commands_and_options_as_clients_of_the_language_show_them(
    language: str,
) -> None:
    names = {path: found[0] for path, found in command_texts(language).items()}
    options = {names[f"imagine.{one.name}"] for one in IMAGINE.options}
    commands = {f"/{names[one.key]}" for one in COMMANDS}
    commands |= {
        f"/{names['settings']} {names[f'settings.{one.name}']}" for one in SETTINGS.subcommands
    }
    for key, text in texts(language).items():
        for quoted in re.findall(r"`([^`{]+)`", text):
            assert quoted in (commands if quoted.startswith("/") else options), key


def _sources() -> str:
    return "".join(path.read_text() for path in Path(SOURCE).rglob("*.py"))


def test_every_reason_and_every_text_that_the_code_names_exists() -> None:
    reasons = re.findall(r'Refusal\(\s*"([a-z_]+)"', _sources())
    assert reasons
    assert {f"refused.{reason}" for reason in reasons} <= set(texts("en"))


def test_every_problem_of_a_pattern_has_a_text() -> None:
    problems = re.findall(r'PatternError\("([a-z_]+)"', _sources())
    assert {f"pattern.{one}" for one in problems} == {
        key for key in texts("en") if key.startswith("pattern.")
    }


def test_every_failure_says_what_to_do_and_whether_it_was_charged() -> None:
    charge_word = re.compile(r"\b(charged|changed|saved)\b")
    for key, text in texts("en").items():
        if key.startswith(("refused.", "failed.")):
            assert charge_word.search(text), key
            assert text.count(". ") + text.count(": ") + text.count("; ") >= 1, key
