"""What users read, in their language: one file of texts a language, read when first needed."""

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
    """The language of ours that is nearest to one of Discord's locales."""
    if locale in LANGUAGES:
        return locale
    base = locale.partition("-")[0]
    return next((one for one in LANGUAGES if one.partition("-")[0] == base), FALLBACK)


@cache
def texts(language: str) -> dict[str, str]:
    """Every text of one of `LANGUAGES`, by key."""
    content: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return content


def say(locale: str, key: str, **values: str | int) -> str:
    """A text in the language of a locale, its places filled.

    Values are put in as they are: what users wrote has to be escaped before.

    Raises:
        KeyError: there is no such text, or a place has no value.
    """
    return PLACE.sub(lambda place: str(values[place[1]]), texts(language_of(locale))[key])
