"""Whether a text asks for a sexual picture of a minor.

A text does if it holds a word for such pictures; or a minor, a girl or a boy, and anything sexual;
or a minor and, a few words away, something suggestive. It is read with the letters that
look-alikes, digits and signs stand for, with letters that are spread out or doubled, with letters
that are masked, and with words written backwards. A negative prompt is such a text, too, and takes
away: a minor without clothes, or something sexual without adults.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import punctuation

from discord_diffusion.access import backwards
from discord_diffusion.access.ages import AgeWords
from discord_diffusion.access.normalise import BESIDE, SIGNS_INSIDE, folded, joined, visible
from discord_diffusion.access.terms import (
    Lexicon,
    Meaning,
    numbers,
    real_words,
    terms,
    tokens,
)

_WINDOW = 12
"""Words between a minor and something suggestive."""
_SHAPES = str.maketrans("01l3456789@$!|€£+¢", "oiieasgtbgasiieitc")
"""Digits and signs as the letters that they stand for; an L is an I, since 1, I and | are both."""
_SHORT_AGE = re.compile(
    r"(?P<number>[^\w|]*(?:[0-9]+|[li|][0-9]|[0-9]o))"
    r"(?:[^\w]*|-?(?:yo|yrs?|y|years?|years?olds?|anos?|ans)(?:[^\w].*)?|-?ja?e?hr(?:ig\w*)?)"
)
"""A word that is a number in digits, one of which may be a letter, with or without a unit."""
_DIGITS = str.maketrans("li|o", "1110")
_RANGE = re.compile("(?<=[0-9])[-–—](?=[0-9])")
_UNDER_AGE = re.compile(r"(?:(?<![^\W_])u[- ]?|< ?|(?<=under)-)(?=1[0-8](?![0-9]))")
"""Signs and letters before an age that mean "under"."""
_UNDER_AGES = re.compile(
    r"(?<![^\W_])(?:under|below|sub|u)[-\s]{0,3}"
    r"(?:(?P<digits>1[1-8])s|(?P<word>(?:thir|four|fif|six|seven|eigh)teen)s)(?![^\W_])"
)
"""People below an age, such as "under-16s"; not "under 10s", which may be seconds."""
_LETTER_SIGNS = re.compile("[|!+@$€£¢]")
_WRITTEN = re.compile(r"[^\s:;,/()=\"']+")
_APOSTROPHES = re.compile("['’‘`´ʼ]")
_SIGN_AT_END = re.compile(r"(?<=\w)[^\w\s]+(?=\s|$)")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_MASKED = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:[*#%?•·●×]{1,3}[^\W\d_]++)++")
_SHORTEST_SINGLE = 6
"""Letters of a term with a doubled letter that is also known without it."""
_FIRST_UNSPACED = "\u3040"
_EMOJI = {"👶": " kid ", "👧": " kid ", "👦": " kid ", "🧒": " kid ", "🚼": " kid ", "🔞": " sex "}
"""Short words, since a prompt may be full of emoji."""
_REFERENCES = 3
"""How often references are read: tokenizers do it twice."""


def asks_for_minors(prompt: str, negative_prompt: str = "") -> bool:
    """Whether a request asks for a sexual picture of a minor."""
    wanted = _evidence(prompt)
    if wanted.refused or not negative_prompt:
        return wanted.refused
    unwanted = _evidence(negative_prompt)
    return bool(
        unwanted.refused
        or (wanted.person and unwanted.meanings & Meaning.CLOTHED)
        or (wanted.meanings & Meaning.SEXUAL and unwanted.meanings & Meaning.ADULT)
    )


def _evidence(text: str) -> "Evidence":
    """What is found in a text, in all ways of reading it or until that is enough to refuse it."""
    plain = visible(_words_of_emoji(_unescaped(text)))
    evidence = Evidence(Meaning(0))
    for read in dict.fromkeys((plain, _apart(plain))):
        as_written = frozenset(token.text for token in tokens(read))
        shaped = _shaped_text(read)
        for way, written in _ways(shaped):
            evidence.add(way.evidence(written, as_written))
            if evidence.refused:
                return evidence
        evidence.meanings |= _backwards(shaped)
    evidence.meanings |= _masked(plain) | _unspaced(plain)
    return evidence


@dataclass
class Evidence:
    """What was found in a text, in one way of reading it or in several."""

    meanings: Meaning
    suggestive_minor: bool = False
    """Whether something suggestive is near a minor."""

    @property
    def person(self) -> bool:
        """Whether there is a minor, or a girl or boy who may be one."""
        return bool(self.meanings & (Meaning.MINOR | Meaning.YOUNG))

    @property
    def refused(self) -> bool:
        """Whether what was found is enough to refuse the text."""
        return bool(
            self.meanings & Meaning.ALWAYS
            or self.suggestive_minor
            or (self.person and self.meanings & Meaning.SEXUAL)
        )

    def add(self, other: "Evidence") -> None:
        """Add what was found in another way of reading the same text."""
        self.meanings |= other.meanings
        self.suggestive_minor |= other.suggestive_minor


@dataclass(frozen=True)
class WayOfReading:
    """The terms and the words of ages that fit to how texts are written."""

    lexicon: Lexicon
    ages: AgeWords

    @classmethod
    def of(
        cls, write: Callable[[str], str], fits: Callable[[str, str], bool] = lambda *_words: True
    ) -> "WayOfReading":
        """The way of reading texts that are written by `write`, for the terms that fit to it."""
        return cls(Lexicon.of(write, fits), AgeWords.of(numbers(), write))

    def evidence(self, text: str, as_written: frozenset[str]) -> Evidence:
        """What is found in a text that is written in this way, and in the user's own way."""
        found = tokens(text)
        words = [token.text for token in found]
        meanings = self.lexicon.meanings
        adults = frozenset(
            self.ages.adults(words, lambda word: meanings.get(word) is Meaning.YOUNG)
        )
        minors = list(self.ages.minors(words))
        suggestive: list[int] = []
        evidence = Evidence(Meaning.MINOR if minors else Meaning(0))
        for meaning, place in self.lexicon.find(found, as_written):
            evidence.meanings |= meaning & ~Meaning.YOUNG if place in adults else meaning
            if meaning & Meaning.MINOR:
                minors.append(place)
            if meaning & Meaning.SUGGESTIVE:
                suggestive.append(place)
        evidence.suggestive_minor = _near(minors, suggestive)
        return evidence


def _near(first: list[int], second: list[int]) -> bool:
    """Whether a place of one list is at most a window from one of the other."""
    ordered = sorted(first)
    return any(
        bisect_left(ordered, place - _WINDOW) < bisect_right(ordered, place + _WINDOW)
        for place in second
    )


def _apart(plain: str) -> str:
    """A text as tokenizers read it: signs and digits are beside letters, and stand for none."""
    return BESIDE.sub(" ", _LETTER_SIGNS.sub(" ", plain))


def _ways(shaped: str) -> Iterator[tuple[WayOfReading, str]]:
    """The ways of reading a text that `_shaped_text` wrote, each with the text as it is then."""
    yield _in_shapes(), shaped
    single = _single(SIGNS_INSIDE.sub("", joined(shaped)))
    if single != shaped:
        yield _without_doubles(), single


@cache
def _in_shapes() -> WayOfReading:
    return WayOfReading.of(_shape)


@cache
def _without_doubles() -> WayOfReading:
    """Short terms with a doubled letter are left out, since many are another word without it."""

    def fits(term: str, written: str) -> bool:
        return len(written) >= _SHORTEST_SINGLE or written == _shape(term)

    return WayOfReading.of(lambda word: _single(_shape(word)), fits)


def _single(text: str) -> str:
    """A text with one letter for each that is doubled."""
    return _DOUBLED.sub(r"\1", text)


def _shape(word: str) -> str:
    """A word in Latin letters, with one letter for those that look alike."""
    return _LONG.sub(r"\1\1", folded(word).translate(_SHAPES))


def _shaped_text(plain: str) -> str:
    """A text whose words are written as `_shape` writes terms; ages in digits stay as they are."""
    # A word behind the age parts it from "in the" and the like, which would make it a measure.
    under = _UNDER_AGES.sub(r" under \g<digits>\g<word> people ", _RANGE.sub(" ", plain))
    ages = _UNDER_AGE.sub(" under ", under)
    text = _SIGN_AT_END.sub("", _APOSTROPHES.sub(" ", ages))
    return _LONG.sub(r"\1\1", _WRITTEN.sub(_shaped_word, text))


def _shaped_word(found: re.Match[str]) -> str:
    if found[0].strip(punctuation) in real_words():
        return "-"
    word = folded(found[0])
    if age := _SHORT_AGE.fullmatch(word):
        end = age.end("number")
        return word[:end].translate(_DIGITS) + word[end:].translate(_SHAPES)
    return word.translate(_SHAPES)


def _unescaped(text: str) -> str:
    """A text without references such as `&#99;`, of which tokenizers make the character."""
    if "&" not in text:
        return text
    from html import unescape  # a large table that few prompts need

    for _ in range(_REFERENCES):
        text = unescape(text)
    return text


def _words_of_emoji(text: str) -> str:
    return "".join(_EMOJI.get(character, character) for character in text)


def _backwards(shaped: str) -> Meaning:
    """The meanings of words that are written backwards."""
    words = (token.text for token in tokens(shaped))
    return backwards.meanings(words, _lexicon_in_shapes, _shape)


def _lexicon_in_shapes() -> Lexicon:
    return _in_shapes().lexicon


def _masked(plain: str) -> Meaning:
    """The meanings of words of which letters are replaced by a sign such as an asterisk."""
    meanings = Meaning(0)
    for found in _MASKED.finditer(folded(plain)):
        word = found[0]
        for term, meaning in _by_ends().get((len(word), word[0], word[-1]), ()):
            if all(
                sign == letter or not sign.isalpha()
                for sign, letter in zip(word, term, strict=True)
            ):
                meanings |= meaning
    return meanings


@cache
def _by_ends() -> Mapping[tuple[int, str, str], Sequence[tuple[str, Meaning]]]:
    """The terms of one word by their length, first and last letter."""
    groups: dict[tuple[int, str, str], list[tuple[str, Meaning]]] = {}
    for meaning, term in terms():
        word = folded(term)
        if " " not in word and "*" not in word:
            groups.setdefault((len(word), word[0], word[-1]), []).append((word, meaning))
    return groups


def _unspaced(plain: str) -> Meaning:
    """The meanings of terms in languages that write no spaces."""
    if max(plain, default="") < _FIRST_UNSPACED:
        return Meaning(0)
    from discord_diffusion.access import unspaced  # patterns that few prompts need

    return unspaced.meanings(plain)
