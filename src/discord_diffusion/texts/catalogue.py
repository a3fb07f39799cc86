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


def language_of(locale: str) -> str:
    """The one of `LANGUAGES` that is nearest to a locale of Discord."""
    if locale in LANGUAGES:
        return locale
    base = locale.partition("-")[0]
    return next((known for known in LANGUAGES if known.partition("-")[0] == base), FALLBACK)


@cache
def texts(language: str) -> dict[str, str]:
    """Every text of one of `LANGUAGES`, by key."""
    content: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return content


def say(locale: str, key: str, **values: str | int) -> str:
    """A text in the language of a locale, its places filled.

    Values are inserted unchanged: what users wrote must be escaped before.

    Raises:
        KeyError: there is no such text, or a place has no value.
    """
    return PLACE.sub(lambda place: str(values[place[1]]), texts(language_of(locale))[key])


@cache
def command_texts(language: str) -> dict[str, list[str]]:
    """Name and description by path in one of `LANGUAGES`; a choice has a name alone."""
    path = _FOLDER / "commands" / f"{language}.json"
    content: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    return content


def described(locale: str, path: str) -> tuple[str, str]:
    """The name and the description of a command or an option in the language of a locale."""
    name, description = command_texts(language_of(locale))[path]
    return name, description
