"""The texts that users read, in their language: two files a language, read when first needed.

`locales` holds the texts of answers by key, `locales/commands` the names and descriptions of the
commands by path.
"""

import json
import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("locales")
FALLBACK = "en"
LANGUAGES = ("en", "de", "es-ES", "fr", "ja", "pt-BR")
"""https://docs.discord.com/developers/reference#locales"""

PLACE = re.compile(r"\{([a-z_]+)\}")


class MissingTextError(LookupError):
    """A language has no text of that name; `python -m infra.translations` lists all that lack."""

    def __init__(self, language: str, key: str, path: Path) -> None:
        file = path.relative_to(_FOLDER.parents[2])
        super().__init__(f"{language}: `{key}` has no text in {file}")


def language_of(locale: str) -> str:
    """The one of `LANGUAGES` that is nearest to a locale of Discord."""
    if locale in LANGUAGES:
        return locale
    base = locale.partition("-")[0]
    return next((known for known in LANGUAGES if known.partition("-")[0] == base), FALLBACK)


@cache
def texts(language: str) -> dict[str, str]:
    """Every text of one of `LANGUAGES`, by key."""
    content: dict[str, str] = json.loads(_file(language).read_text("utf-8"))
    return content


def say(locale: str, key: str, **values: str | int) -> str:
    """A text in the language of a locale, its places filled.

    Values are inserted unchanged: what users wrote must be escaped before.

    Raises:
        MissingTextError: there is no such text.
        KeyError: a place has no value.
    """
    language = language_of(locale)
    text = texts(language).get(key)
    if text is None:
        raise MissingTextError(language, key, _file(language))
    return PLACE.sub(lambda place: str(values[place[1]]), text)


@cache
def command_texts(language: str) -> dict[str, list[str]]:
    """Name and description by path in one of `LANGUAGES`; a choice has a name alone."""
    content: dict[str, list[str]] = json.loads(_commands_file(language).read_text("utf-8"))
    return content


def described(locale: str, path: str) -> tuple[str, str]:
    """The name and the description of a command or an option in the language of a locale.

    Raises:
        MissingTextError: there are none.
    """
    language = language_of(locale)
    return command_text(language, path, 0), command_text(language, path, 1)


def command_text(language: str, path: str, index: int) -> str:
    """The name (0) or the description (1) of what is at a path, in one of `LANGUAGES`.

    Raises:
        MissingTextError: there is none.
    """
    found = command_texts(language).get(path, [])
    if len(found) <= index:
        raise MissingTextError(language, path, _commands_file(language))
    return found[index]


def _file(language: str) -> Path:
    return _FOLDER / f"{language}.json"


def _commands_file(language: str) -> Path:
    return _FOLDER / "commands" / f"{language}.json"
