"""The readings of a prompt: its words as a reader sees them, in whatever letters they are written.

Look-alikes are those of Unicode's confusables table (https://www.unicode.org/reports/tr39/) that
end in one Latin letter or digit, and letters that Unicode names after a Latin one.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("look_alikes.json")
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s"}
_LEET |= {"!": "i", "|": "i", "€": "e", "£": "l", "+": "t"}
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]){2,}[^\W\d_](?![^\W_])")
"""Single letters with a separator between them."""
_REPEATED = re.compile(r"(.)\1{2,}")
_PHRASES = re.compile(
    r"[\u3307\u3315-\u3317\u3319\u331a\u3320\u332b\u332e\u3332\u3334\u3336\u3347\u334a\u3356"
    r"\u33ae\u33af\ufdfa\ufdfb]"
)
"""Characters whose compatible form is longer than four: they stand for words of up to 18
letters, and would make 108,000 characters of a prompt of 6,000."""
_NOT_WORDS = re.compile(r"[\W_]+")


def readings(text: str) -> tuple[str, ...]:
    """The different readings of a text, in lower case, words separated by one space.

    The first holds the words as they are. In the others, look-alikes and digits are replaced by the
    letters that they stand for, and letters that are spread out are joined.
    """
    plain = _visible(text)
    folded = "".join(_look_alikes().get(character, character) for character in plain)
    folded = _without_marks(folded)
    leet = "".join(_LEET.get(character, character) for character in folded)
    forms = [plain, _joined(folded), _joined(leet)]
    forms += [_REPEATED.sub(r"\1", _joined(leet)), _REPEATED.sub(r"\1\1", _joined(leet))]
    return tuple(dict.fromkeys(_words(form) for form in forms))


def _visible(text: str) -> str:
    """The text in one compatible form and in lower case, without invisible characters."""
    words = _PHRASES.sub(" ", text)
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", words).casefold())
    return "".join(
        char for char in composed if unicodedata.category(char) not in ("Cf", "Cc", "Mn")
    )


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


def _joined(text: str) -> str:
    """The text with separated single letters joined to the word that they spell."""
    return _SPACED.sub(lambda found: _NOT_WORDS.sub("", found[0]), text)


def _words(text: str) -> str:
    return _NOT_WORDS.sub(" ", text).strip()


@cache
def _look_alikes() -> dict[str, str]:
    """The Latin letter of every look-alike."""
    groups: dict[str, str] = json.loads(_FILE.read_text("utf-8"))
    return {like: letter for letter, alike in groups.items() for like in alike}
