"""The parsers of application commands."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.validation.commands import MAX_COMMAND_CHARACTERS, command, commands, size


def command_of(**more: Any) -> dict[str, Any]:
    """A command."""
    return {"name": "imagine", "description": "d", **more}


def option(name: str = "prompt", kind: int = 3, **more: Any) -> dict[str, Any]:
    """An option of a command."""
    return {"type": kind, "name": name, "description": "d", **more}


def choices(count: int) -> list[dict[str, Any]]:
    """`count` choices."""
    return [{"name": f"n{n}", "value": f"v{n}"} for n in range(count)]


def accepts(value: Any) -> bool:
    """Whether a command is accepted."""
    try:
        command(value)
    except InvalidFormError:
        return False
    return True


@pytest.mark.parametrize(
    "name", ["imagine", "a", "a-b_c", "l'art", "größe", "絵", "चित्र", "ภาพ", "x" * 32, "2d"]
)
def test_a_name_is_one_word_in_lower_case_of_any_script(name: str) -> None:
    assert accepts(command_of(name=name))


@pytest.mark.parametrize("name", ["", "Imagine", "two words", "a!", "x" * 33, "É", "🎨", None, 5])
def test_an_invalid_name_is_refused(name: Any) -> None:
    assert not accepts(command_of(name=name))


@given(st.text(max_size=40))
def test_any_text_is_accepted_or_refused_as_a_name(name: str) -> None:
    if accepts(command_of(name=name)):
        assert 1 <= len(name) <= 32
        assert name == name.lower()
        assert " " not in name


@pytest.mark.parametrize("kind", [2, 3])
def test_a_context_menu_command_has_a_name_of_words_and_no_description(kind: int) -> None:
    assert accepts({"type": kind, "name": "Make a Variation"})
    assert accepts({"type": kind, "name": "x", "description": ""})
    assert not accepts({"type": kind, "name": "x", "description": "d"})
    assert not accepts({"type": kind, "name": "x", "options": [option()]})


@pytest.mark.parametrize(
    "options",
    [
        [option("a"), option("b", required=True)],
        [option("a"), option("a")],
        [option(f"o{n}") for n in range(26)],
        [option(choices=choices(26))],
        [option(choices=choices(1), autocomplete=True)],
        [option(kind=5, choices=choices(1))],
        [option(kind=5, autocomplete=True)],
        [option(kind=3, min_value=1)],
        [option(kind=3, min_value=0)],
        [option(kind=4, min_length=1)],
        [option(kind=4, min_value=5, max_value=1)],
        [option(kind=4, choices=[{"name": "x", "value": "text"}])],
        [option(min_length=6001)],
        [option(max_length=0)],
        [option(kind=12)],
        [option(kind=3, channel_types=[0])],
        [option(kind=7, channel_types=[0, 0])],
        [option("sub", 1), option("other", 3)],
        [option("group", 2)],
        [option("group", 2, options=[option("group", 2, options=[])])],
        [option("sub", 1, options=[option("sub", 1)])],
        ["x"],
        {"type": 3},
    ],
)
def test_options_that_discord_refuses_are_refused(options: Any) -> None:
    assert not accepts(command_of(options=options))


@pytest.mark.parametrize(
    "options",
    [
        [option("a", required=True), option("b"), option("c")],
        [option(f"o{n}") for n in range(25)],
        [option(choices=choices(25))],
        [option(autocomplete=True)],
        [option(kind=4, min_value=-5, max_value=5, choices=[{"name": "x", "value": 1}])],
        [option(kind=10, min_value=0.5)],
        [option(min_length=0, max_length=6000)],
        [option("sub", 1, options=[option()]), option("group", 2, options=[option("s", 1)])],
    ],
)
def test_options_within_the_limits_are_accepted(options: Any) -> None:
    assert accepts(command_of(options=options))


@pytest.mark.parametrize(
    "more",
    [
        {"contexts": [0, 1, 2], "integration_types": [0, 1], "nsfw": True},
        {"default_member_permissions": "8"},
        {"default_member_permissions": None},
        {"name_localizations": {"de": "bild", "es-419": "imagen"}},
        {"name_localizations": None, "description_localizations": {"fr": "x"}},
    ],
)
def test_the_other_fields_of_a_command_are_accepted(more: dict[str, Any]) -> None:
    assert accepts(command_of(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"contexts": [3]},
        {"contexts": [0, 0]},
        {"integration_types": [2]},
        {"nsfw": "yes"},
        {"default_member_permissions": "many"},
        {"default_member_permissions": True},
        {"default_member_permissions": -1},
        {"name_localizations": {"xx": "bild"}},
        {"name_localizations": {"de": "BILD"}},
        {"description_localizations": {"de": "x" * 101}},
        {"description": ""},
        {"description": "x" * 101},
        {"type": 4},
    ],
)
def test_invalid_other_fields_of_a_command_are_refused(more: dict[str, Any]) -> None:
    assert not accepts(command_of(**more))


def test_a_command_has_at_most_8000_characters() -> None:
    full = [
        option(f"o{n}", choices=[{"name": f"{c:02}" + "n" * 98, "value": f"{c}"} for c in range(3)])
        for n in range(25)
    ]
    fits = command_of(options=full)
    assert size(fits) <= MAX_COMMAND_CHARACTERS
    assert accepts(fits)
    for full_option in full:
        full_option["choices"] = [{"name": "n" * 100, "value": "v" * 100}] * 2
    assert not accepts(command_of(options=full))


def test_the_size_of_a_command_counts_the_longest_translation_only() -> None:
    plain = command_of()
    translated = command_of(description_localizations={"de": "dddd", "fr": "dd"})
    assert size(translated) == size(plain) + 3


def test_commands_of_one_type_have_unique_names() -> None:
    menu = {"type": 2, "name": "imagine"}
    assert len(commands([command_of(), menu])) == 2
    with pytest.raises(InvalidFormError) as error:
        commands([command_of(), menu, command_of()])
    assert "2" in error.value.tree
