"""Terms that are written backwards, letter by letter, among the words of a text."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from discord_diffusion.access.terms import Lexicon, Meaning

_READ = Meaning.MINOR | Meaning.YOUNG | Meaning.SEXUAL | Meaning.ALWAYS
_SHORTEST = 5
"""Letters of a term; many a shorter one is another word backwards: "lana", "soda"."""
_SHORT = ("nude", "girl", "porn", "fuck", "sexy", "teen", "loli")
"""Shorter ones that are none."""
_WORDS = ("setup", "noten", "senin", "sanen", "sanin", "negre", "anula", "satup")
"""Words that are a term backwards."""


def meanings(
    words: Iterable[str], lexicon: Callable[[], Lexicon], write: Callable[[str], str]
) -> Meaning:
    """The meanings of all words that are a term backwards; both are written by `write`."""
    known, found = _backwards(lexicon, write), Meaning(0)
    for word in words:
        found |= known.get(word, Meaning(0))
    return found


@cache
def _backwards(
    lexicon: Callable[[], Lexicon], write: Callable[[str], str]
) -> Mapping[str, Meaning]:
    """The meaning of each term, by its letters backwards."""
    short, words = set(map(write, _SHORT)), set(map(write, _WORDS))
    return {
        term[::-1]: meaning & _READ
        for term, meaning in lexicon().meanings.items()
        if meaning & _READ
        and (len(term) >= _SHORTEST or term in short)
        and term[::-1] not in (term, *words)
        and term.isalpha()
    }
