"""The readings of a prompt: its words as a reader sees them, in whatever letters they are written.

Look-alikes are those of Unicode's confusables table (https://www.unicode.org/reports/tr39/) that
end in one Latin letter or digit, letters that Unicode names after a Latin one, and the signs that
generators of "fancy" text put in place of letters.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("look_alikes.json")
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s"}
_LEET |= {"!": "i", "|": "i", "€": "e", "£": "l", "+": "t", "¢": "c"}
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]){2,}[^\W\d_](?![^\W_])")
"""Single letters with a separator between them."""
SIGNS_INSIDE = re.compile(r"(?<=[^\W_])[^\w\s]+(?=[^\W_])|(?<=[^\W_])_+(?=[^\W_])")
"""Signs between two letters or digits."""
BESIDE = re.compile(r"(?<=[^\W\d_])(?=[0-9])|(?<=[0-9])(?=[^\W\d_]{3})")
"""Between a letter and a digit; not before a unit, such as that of an age, or seconds."""
_REPEATED = re.compile(r"(.)\1{2,}")
_CAPITAL_I = re.compile(r"(?<=[^\W\d_])I(?=[a-z])|(?<=[a-z])I")
"""A capital I beside small letters, which looks like a small L."""
_PHRASES = re.compile(r"[\u3300-\u3357\u3371-\u33ff\ufdfa\ufdfb]")
"""Characters that stand for words of up to 18 letters (units of measurement, formulas), and would
make 108,000 characters of a prompt of 6,000."""
_NOT_WORDS = re.compile(r"[\W_]+")
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0")
"""Default-ignorable characters that are letters or not assigned; the others are Cf and Mn.
https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point"""
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc", "Mn", "Me"})
"""Format and control characters, combining marks and enclosing marks."""


def readings(text: str) -> tuple[str, ...]:
    """The different readings of a text, in lower case, words separated by one space.

    The first holds the words as they are. In the others, look-alikes and digits are replaced by the
    letters that they stand for, letters that are spread out are joined, signs inside words are
    left out, and digits are parted from letters, as tokenizers do.
    """
    plain = visible(text)
    leet = _leet(folded(plain))
    as_l = _leet_of_l(text) if re.search(r"[1|!I]", text) else leet
    whole = joined(SIGNS_INSIDE.sub("", leet))
    forms = [plain, joined(folded(plain)), joined(leet), joined(as_l), whole]
    forms += [_REPEATED.sub(r"\1", joined(leet)), _REPEATED.sub(r"\1\1", joined(leet))]
    forms.append(BESIDE.sub(" ", folded(plain)))
    return tuple(dict.fromkeys(_words(form) for form in forms))


def _leet_of_l(text: str) -> str:
    """The folded text, where signs that look like an I and an L are read as an L."""
    signs = _CAPITAL_I.sub("l", text).translate({ord(sign): "l" for sign in "1|!"})
    return _leet(folded(visible(signs)))


def visible(text: str) -> str:
    """The text in one compatible form and in lower case, without invisible characters."""
    words = _PHRASES.sub(" ", text)
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", words).casefold())
    if composed.isascii() and composed.isprintable():
        return composed
    return "".join(char for char in composed if not _is_invisible(char))


def folded(plain: str) -> str:
    """A visible text with Latin letters in place of look-alikes, and without accents."""
    if plain.isascii():
        return plain
    letters = "".join(_look_alikes().get(character, character) for character in plain)
    decomposed = unicodedata.normalize("NFD", letters)
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE_CATEGORIES or char in _INVISIBLE


def _leet(text: str) -> str:
    return "".join(_LEET.get(character, character) for character in text)


def joined(text: str) -> str:
    """The text with separated single letters joined to the word that they spell."""
    return _SPACED.sub(lambda found: _NOT_WORDS.sub("", found[0]), text)


def _words(text: str) -> str:
    return _NOT_WORDS.sub(" ", text).strip()


@cache
def _look_alikes() -> dict[str, str]:
    """The Latin letter of every look-alike."""
    groups: dict[str, str] = json.loads(_FILE.read_text("utf-8"))
    return {like: letter for letter, alike in groups.items() for like in alike}
