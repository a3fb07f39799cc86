"""Names and descriptions of the commands in every language, for registration and help."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from discord_diffusion.texts.catalogue import LANGUAGES, language_of

_FOLDER = Path(__file__).with_name("locales") / "commands"


@cache
def command_texts(language: str) -> dict[str, list[str]]:
    """Name and description of every path of one of `LANGUAGES`; a choice has a name alone."""
    content: dict[str, list[str]] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return content


def described(locale: str, path: str) -> tuple[str, str]:
    """The name and the description of a command or an option in the language of a locale."""
    name, description = command_texts(language_of(locale))[path]
    return name, description


@dataclass(frozen=True)
class CommandCatalogue:
    """All languages, as the registration wants them."""

    by_locale: dict[str, dict[str, list[str]]]

    @classmethod
    def load(cls) -> "CommandCatalogue":
        """Read all files."""
        return cls({_discords(one): command_texts(one) for one in LANGUAGES})

    def names(self, path: str) -> dict[str, str]:
        """What `path` is called, by Discord's locale."""
        return {locale: found[path][0] for locale, found in self.by_locale.items()}

    def descriptions(self, path: str) -> dict[str, str]:
        """What `path` does, as `names`."""
        return {locale: found[path][1] for locale, found in self.by_locale.items()}


def _discords(language: str) -> str:
    return "en-US" if language == "en" else language
