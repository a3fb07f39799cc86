"""Text for Discord's messages: cleaned, escaped and cut, so that it is shown as users wrote it.

Escaping follows https://support.discord.com/hc/en-us/articles/210298617 (Markdown).
"""

import re
import unicodedata

_ELLIPSIS = "…"
_MARKDOWN = re.compile(r"([\\`*_~|<>\[\]()#:@/-])")
"""Slashes, too: clients show a card for an invite such as discord.gg/name, without its scheme."""
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Marks that change the reading direction of what follows, even beyond the user's own text."""

_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Regional indicators: two in a row are one flag."""


def clean(text: str) -> str:
    """The text on one line, without control characters, bidi overrides and lone surrogates."""
    line = " ".join(text.splitlines()).replace("\t", " ")
    return "".join(
        character
        for character in line
        if character not in _BIDI and unicodedata.category(character) not in ("Cc", "Cs")
    ).strip()


def escape(text: str) -> str:
    """The cleaned text, escaped: Discord makes no Markdown, mention, link or emoji of it."""
    return _MARKDOWN.sub(r"\\\1", clean(text))


def shorten(text: str, length: int) -> str:
    """The text in at most `length` UTF-16 units, with an ellipsis at the end if it was cut.

    It is cut neither inside an escape nor between a character and its combining marks, unless one
    such cluster alone is too long.
    """
    if utf16_length(text) <= length:
        return text
    fitting = end = _fitting(text, length - len(_ELLIPSIS))
    while end > 0 and _joins(text, end):
        end -= 1
    cut = text[: end or fitting]
    backslashes = len(cut) - len(cut.rstrip("\\"))
    if backslashes % 2:
        cut = cut[:-1]
    return cut.rstrip() + _ELLIPSIS


def utf16_length(text: str) -> int:
    """The length in UTF-16 units, as Discord's clients count; never less than the characters."""
    return len(text) + sum(character > "\uffff" for character in text)


def quote(prompt: str, length: int) -> str:
    """A prompt as one line of a message: escaped, in at most `length` UTF-16 units."""
    return shorten(escape(prompt), length)


def _fitting(text: str, length: int) -> int:
    """Number of characters at the beginning of `text` that fit into `length` UTF-16 units."""
    taken = 0
    for index, character in enumerate(text):
        taken += utf16_length(character)
        if taken > length:
            return index
    return len(text)


def _joins(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it."""
    following, previous = text[at], text[at - 1]
    if following in _FLAG_LETTERS:
        before = text[:at]
        return (len(before) - len(before.rstrip(_FLAG_LETTERS))) % 2 == 1
    combining = unicodedata.category(following) in ("Mn", "Me", "Mc") or following == "\u200d"
    skin_tone = "\U0001f3fb" <= following <= "\U0001f3ff"
    tag = "\U000e0020" <= following <= "\U000e007f"
    return combining or skin_tone or tag or previous == "\u200d"
