"""Terms of the shipped blocklist in Japanese, Chinese and Korean, which are found inside a text
since these languages write no spaces, or few.
"""

import re
from collections.abc import Mapping
from functools import cache

from discord_diffusion.access.terms import WITHOUT_SPACES, Meaning, table

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_KATAKANA = re.compile("[ァ-ヴー]")
_BETWEEN_CJK = re.compile(rf"(?<={_CJK.pattern})[\W_]+(?=[\u3040-\u9fff\uac00-\ud7af])")
_AGE_CJK = re.compile(
    r"(?<![0-9十百二三四五六七八九])"
    r"(?:1[0-7]|[0-9]|十[一二三四五六七]?|[一二三四五六七八九])"
    r"(?: {0,2}(?:歳|才|さい|岁|歲)|살|세(?![기계]))"
    r"|(?:1[0-8]|十八) {0,2}(?:歳|岁|歲|세)(?:未満|以下|미만)"
    r"|小学?[1-6]年|中学?[1-3]年|열(?:한|두|세|네|다섯|여섯|일곱)? ?살"
    r"|(?<![일이삼사오육칠팔구십백])십[일이삼사오육칠]?(?:살|세(?![기계]))"
    r"|(?<![가-힣0-9])(?:초[1-6]|중[1-3]|고[1-3])(?![0-9.])"
)
_AGE_KOREAN = re.compile(r"(?<![0-9])(?:1[0-7]|[0-9]) {1,2}(?:살|세)(?![가-힣](?<![의짜된쯤]))")
"""An age apart from its unit, which begins no other word: as people write, and as models read a
number that has a weight."""


def meanings(plain: str) -> Meaning:
    """The meanings of all terms in a visible text."""
    patterns = _patterns()
    text = patterns[Meaning.HARMLESS].sub(" ", _BETWEEN_CJK.sub("", plain))
    found = Meaning(0)
    for meaning, pattern in patterns.items():
        if meaning is not Meaning.HARMLESS and any(
            not _is_inside_katakana(text, term) for term in pattern.finditer(text)
        ):
            found |= meaning
    if _AGE_CJK.search(text) or _AGE_KOREAN.search(plain):
        found |= Meaning.MINOR
    if found & Meaning.SUGGESTIVE and found & Meaning.MINOR:
        found |= Meaning.SEXUAL
    return found


def _is_inside_katakana(text: str, term: re.Match[str]) -> bool:
    """Whether a term in katakana begins inside another word in katakana."""
    before = text[term.start() - 1 : term.start()]
    return bool(_KATAKANA.match(term[0]) and before and _KATAKANA.match(before))


@cache
def _patterns() -> Mapping[Meaning, re.Pattern[str]]:
    """For languages without spaces, a pattern of all terms of each meaning."""
    return {
        Meaning[name.upper()]: re.compile(
            "|".join(sorted(listed.split("|"), key=len, reverse=True))
        )
        for name, listed in table()[WITHOUT_SPACES].items()
    }
