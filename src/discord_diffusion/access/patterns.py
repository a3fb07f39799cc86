"""The block patterns of a guild: regular expressions that RE2 matches in time linear in the text.

A pattern is written in the syntax of Python's `re` and means the same, for whole words and without
regard to case. RE2 is imported where a guild has patterns, and never by a cold start.
https://github.com/google/re2/wiki/Syntax
"""

import re
import warnings
from functools import lru_cache
from typing import Any

LONGEST = 100
"""Characters of a pattern."""
LARGEST_PROGRAM = 1_000
"""Instructions that RE2 makes of a pattern: they bound the time for each character of a text."""
LARGEST_PROGRAMS = 4_500
"""Instructions of all patterns of one guild."""
_MEMORY_BYTES = 512 * 1024
"""For each pattern, so that no list fills a function's memory."""
_PROBES = ("qzxj", "7")
"""A pattern that matches both of these words matches nearly everything."""

_PARTS = re.compile(
    r"\\(?P<escape>.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|\{,(?P<most>\d+)\}"
    r"|(?P<not_allowed>\(\?(?:<?[=!]|P=|\())|(?P<no_bound>[*+]|\{\d*,\})",
    re.DOTALL,
)
_ESCAPES = {"w": "[^ ]", "W": " ", "d": r"\p{Nd}", "D": r"\P{Nd}"}
"""RE2's own classes know ASCII alone. A text holds words and the spaces between them, no more."""
_ESCAPES_IN_SETS = _ESCAPES | {"w": r"a-z0-9\x{80}-\x{10ffff}"}


class PatternError(ValueError):
    """The pattern cannot be used; `problem` names the text `pattern.<problem>` that says why."""

    def __init__(self, problem: str, detail: str = "") -> None:
        self.problem = problem
        super().__init__(detail or problem)


def check_pattern(pattern: str) -> None:
    """Return if a new pattern can be used.

    Raises:
        PatternError: the pattern cannot be used.
    """
    if len(pattern) > LONGEST:
        raise PatternError("too_long")
    if program_size(pattern) > LARGEST_PROGRAM:
        raise PatternError("too_many_ways")
    if all(compiled(pattern).search(probe) for probe in _PROBES):
        raise PatternError("matches_everything")


def program_size(pattern: str) -> int:
    """Instructions of RE2's program for the pattern.

    Raises:
        PatternError: the pattern cannot be compiled.
    """
    size: int = compiled(pattern).programsize
    return size


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """RE2's pattern, whose `search` takes a reading of a prompt (`normalise.readings`).

    Raises:
        PatternError: the pattern is no regular expression, or has a part that RE2 cannot match.
    """
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY_BYTES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise PatternError("no_expression", str(error)) from None
    try:
        # Words of a reading are separated by one space; RE2's own \b knows ASCII alone.
        translated = _PARTS.sub(_translate_part, pattern)
        return re2.compile(f"(?:^| )(?:{translated})(?: |$)", options)
    except re2.error as error:
        too_large = re.search("too large|repetition", str(error))
        raise PatternError("too_many_ways" if too_large else "no_expression", str(error)) from None


def _translate_part(part: re.Match[str]) -> str:
    """A part of a pattern in RE2's syntax.

    Raises:
        PatternError: RE2 lacks the part, or it is a repetition without a bound.
    """
    escape = part["escape"] or ""
    if part["no_bound"]:
        raise PatternError("no_bound")
    if part["not_allowed"] or escape in set("123456789"):
        raise PatternError("part_not_allowed")
    if escape == "b" and (part.start() == 0 or part.end() == len(part.string)):
        return ""
    if escape in ("b", "B") and not part.string.isascii():
        raise PatternError("part_not_allowed")
    if part["most"]:
        return f"{{0,{part['most']}}}"
    if part["set"]:
        return re.sub(r"\\(.)", lambda escape: _ESCAPES_IN_SETS.get(escape[1], escape[0]), part[0])
    return _ESCAPES.get(escape, part[0])
