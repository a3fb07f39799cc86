"""Names of commands and options.

Contract: https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-naming
"""

import unicodedata
from typing import Any

from emulation.discord.validation.fields import fault, string

NAME = 32
_MARKS = "-_'"
# Scripts whose words hold marks that are neither letters nor numbers.
_DEVANAGARI = range(0x0900, 0x0980)
_THAI = range(0x0E00, 0x0E80)


def _may_be_in_a_name(character: str) -> bool:
    if character in _MARKS or unicodedata.category(character)[0] in "LN":
        return True
    return ord(character) in _DEVANAGARI or ord(character) in _THAI


def chat_name(value: Any) -> str:
    """Parser of the name of a chat input command or an option: one word in lower case."""
    name: str = string(1, NAME)(value)
    if name != name.lower() or not all(_may_be_in_a_name(one) for one in name):
        raise fault("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def menu_name(value: Any) -> str:
    """Parser of the name of a user or message command: words in any case."""
    name: str = string(1, NAME)(value)
    words = name.replace(" ", "")
    if not words or not all(_may_be_in_a_name(one) for one in words):
        raise fault("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name
