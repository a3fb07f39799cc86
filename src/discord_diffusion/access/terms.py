"""The terms of the shipped blocklist, and where in a text they are.

The table is `minors_terms.json`: for each language the words and phrases of every meaning, an
asterisk for any ending. `needs` names the words beside which an ambiguous word has its meaning,
`common` short words of which two together are no broken term, `words` those that only look like a
term.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from pathlib import Path
from typing import Any

from discord_diffusion.access.normalise import visible

_FILE = Path(__file__).with_name("minors_terms.json")
WITHOUT_SPACES = "chinese japanese korean"
_OTHER_KEYS = (WITHOUT_SPACES, "needs", "common", "words")
_LONGEST = 26
"""Letters of the longest term that may be broken into pieces."""
_SHORTEST_PREFIX = 4
_SHORTEST_OF_TWO = 3
"""Letters of each of two terms that are written as one word."""
_BEGINNING, _LONG_BEGINNING = 3, 6
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+")


class Meaning(IntFlag):
    """What a term stands for."""

    MINOR = 1
    """A person below eighteen."""
    YOUNG = 2
    """A girl or boy, who may be meant as an adult."""
    SEXUAL = 4
    SUGGESTIVE = 8
    """Something that is sexual beside a minor."""
    ALWAYS = 16
    """A word for sexual pictures of minors themselves."""
    HARMLESS = 32
    """A phrase whose words do not have the meaning that they have alone."""
    CLOTHED = 64
    """Being clothed, which a negative prompt may take away."""
    ADULT = 128
    """A person of eighteen and more."""


@dataclass(frozen=True)
class Token:
    """A word or number of a text; `apart` if there is a space before it."""

    text: str
    apart: bool


def tokens(text: str) -> list[Token]:
    """The words and numbers of a text, in their order."""
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        gap = text[end : match.start()]
        found.append(Token(match[0], any(map(str.isspace, gap))))
        end = match.end()
    return found


@dataclass(frozen=True)
class Lexicon:
    """The terms as they look in texts that are written in one way, without their spaces."""

    meanings: Mapping[str, Meaning]
    prefixes: Mapping[str, Meaning]
    phrases: frozenset[str]
    """Terms of several words, with their spaces."""
    needs: Mapping[str, frozenset[str]]
    common: frozenset[str]
    beginnings: frozenset[str]
    """The first letters of all terms, so that most words need no further look."""

    @classmethod
    def of(cls, write: Callable[[str], str], fits: Callable[[str, str], bool]) -> "Lexicon":
        """The terms, each written by `write`, that fit to what is written for them."""
        meanings: dict[str, Meaning] = {}
        prefixes: dict[str, Meaning] = {}
        phrases = set()
        for meaning, term in terms():
            words = [write(word) for word in term.rstrip("*").split()]
            whole = "".join(words)
            if meaning is not Meaning.HARMLESS and not fits(term, whole):
                continue
            if len(words) > 1:
                phrases.add(" ".join(words))
            meanings[whole] = meanings.get(whole, Meaning(0)) | meaning
            if term.endswith("*"):
                prefixes[whole] = prefixes.get(whole, Meaning(0)) | meaning
        needs = {
            write(word): frozenset(others.split(", "))
            | (frozenset(map(write, others.split(", "))) - {write(word)})
            for word, others in table()["needs"].items()
        }
        common = frozenset(map(write, table()["common"].split(", ")))
        beginnings = frozenset(
            term[:length] for term in meanings for length in range(1, _LONG_BEGINNING + 1)
        )
        return cls(meanings, prefixes, frozenset(phrases), needs, common, beginnings)

    def find(self, words: list[Token], present: frozenset[str]) -> Iterator[tuple[Meaning, int]]:
        """The meaning of every term in a text, and the place of its first word.

        `present` are the words of the text as the user wrote them.
        """
        present |= frozenset(word.text for word in words)
        over = 0
        for start in range(len(words)):
            meaning, end, harmless_end = self._at(words, start, present)
            over = max(over, harmless_end)
            if meaning and end > over:
                yield meaning, start

    def _at(
        self, words: list[Token], start: int, present: frozenset[str]
    ) -> tuple[Meaning, int, int]:
        """Meanings of the terms that begin at a word, the end of the last, of a harmless phrase."""
        joined, meanings, end, harmless_end = "", Meaning(0), 0, 0
        for last in range(start, len(words)):
            joined += words[last].text
            if len(joined) > _LONGEST or joined[:_BEGINNING] not in self.beginnings:
                break
            meaning = self.meanings.get(joined)
            if meaning is None and last == start:
                meaning = self._ending_or_two(joined)
            if meaning is None and joined[:_LONG_BEGINNING] not in self.beginnings:
                break
            if not meaning or (joined in self.needs and self.needs[joined].isdisjoint(present)):
                continue
            parts = words[start : last + 1]
            is_phrase = last == start or " ".join(part.text for part in parts) in self.phrases
            if meaning & Meaning.HARMLESS and is_phrase:
                harmless_end = last + 1
            elif is_phrase or self._is_broken(parts):
                meanings, end = meanings | meaning, last + 1
        return meanings & ~Meaning.HARMLESS, end, harmless_end

    def _is_broken(self, parts: list[Token]) -> bool:
        """Whether pieces of a term are no words of their own that stand side by side."""
        together = not any(part.apart for part in parts[1:])
        spelt = len(parts) >= _SHORTEST_OF_TWO and all(len(part.text) == 1 for part in parts)
        return together or spelt or any(part.text not in self.common for part in parts)

    def _ending_or_two(self, word: str) -> Meaning | None:
        """The meaning of a word that is a term with an ending, or two terms without a space."""
        for length in range(_SHORTEST_PREFIX, len(word)):
            if meaning := self.prefixes.get(word[:length]):
                return meaning
        for length in range(_SHORTEST_OF_TWO, len(word) - _SHORTEST_OF_TWO + 1):
            first, second = word[:length], word[length:]
            both = self.meanings.get(first, 0) | self.meanings.get(second, 0)
            if first in self.needs or second in self.needs:
                continue
            if both & Meaning.SEXUAL and both & (Meaning.MINOR | Meaning.YOUNG):
                return Meaning(both)
        return None


@cache
def table() -> Mapping[str, Any]:
    """The table of terms as it is written."""
    content: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return content


def terms() -> Iterator[tuple[Meaning, str]]:
    """Every term of a language that writes spaces, with its meaning."""
    for language, by_meaning in table().items():
        if language not in _OTHER_KEYS:
            for name, listed in by_meaning.items():
                if name != "numbers":
                    lines = [listed] if isinstance(listed, str) else listed
                    for term in visible(", ".join(lines)).split(", "):
                        yield Meaning[name.upper()], term


@cache
def real_words() -> frozenset[str]:
    """Words that look like a term when letters that look alike, or are doubled, are one."""
    return frozenset(table()["words"].split(", "))


def numbers() -> list[str]:
    """The numbers up to seventeen in words."""
    languages = (table()[name] for name in table() if name not in _OTHER_KEYS)
    return [word for content in languages for word in content["numbers"].split(", ") if word]
