"""Regular expressions whose cost has a bound: Python's `re` has no time limit of its own.

The cost of a pattern is how many parts of it may be tried at one place of a text, whatever the
text. It is read from the pattern when it is written: one without a bound, or beyond
`HIGHEST_COST`, is refused, so no prompt can make it slow. Matches begin where words do.
"""

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

HIGHEST_COST = 500
HIGHEST_COST_IN_ALL = 2000
"""Of one guild's list."""
LONGEST = 100
"""Characters of a pattern; also the most that a part may be repeated."""
_CAPPED = 10**9
_PROBES = ("qzxj", "7")
"""Words that have nothing in common."""
_SIMPLE = ("LITERAL", "NOT_LITERAL", "IN", "ANY", "AT")


class PatternError(ValueError):
    """The pattern can't be used; `problem` names the text `pattern.<problem>` that says why."""

    def __init__(self, problem: str, detail: str = "") -> None:
        self.problem = problem
        super().__init__(detail or problem)


class _Effort(NamedTuple):
    """`cost`: parts tried at most until all ways are known; `ways`: in how many it can match."""

    cost: int
    ways: int


def usable(pattern: str) -> re.Pattern[str]:
    """A pattern that somebody wrote.

    Raises:
        PatternError: it is none, or may be slow.
    """
    if len(pattern) > LONGEST:
        raise PatternError("too_long")
    found = compiled(pattern)
    if cost(pattern) > HIGHEST_COST:
        raise PatternError("too_many_ways")
    if all(found.search(probe) for probe in _PROBES):
        raise PatternError("matches_everything")
    return found


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for whole words, without regard to case.

    Raises:
        PatternError: it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Alone first: `a)|(?:b` is a pattern only within our own brackets.
            re.compile(pattern, re.IGNORECASE)
            return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise PatternError("no_expression", str(error)) from None


@lru_cache(maxsize=512)
def cost(pattern: str) -> int:
    """Parts of the pattern that may be tried at one place.

    Raises:
        PatternError: there is no bound, or it is a kind of part that has none here.
    """
    # The parser that `re` itself uses; its tree has had this form since Python 3.6.
    from re import _parser  # type: ignore[attr-defined]  # typeshed leaves it out

    try:
        parts = list(_parser.parse(pattern, re.IGNORECASE))
    except re.error as error:
        raise PatternError("no_expression", str(error)) from None
    return _sequence(parts).cost


def _sequence(parts: Sequence[tuple[Any, Any]]) -> _Effort:
    """Each part is tried anew for every way in which those before it match."""
    total, ways = 0, 1
    for operation, argument in parts:
        effort = _part(str(operation), argument)
        total = min(total + ways * effort.cost, _CAPPED)
        ways = min(ways * effort.ways, _CAPPED)
    return _Effort(total, ways)


def _part(operation: str, argument: Any) -> _Effort:
    if operation in _SIMPLE:
        return _Effort(1, 1)
    if operation == "SUBPATTERN":
        return _sequence(argument[-1])
    if operation == "BRANCH":
        return _branch([list(one) for one in argument[1]])
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeat(*argument)
    raise PatternError("part_not_allowed", operation.lower())


def _branch(alternatives: list[list[tuple[Any, Any]]]) -> _Effort:
    efforts = [_sequence(one) for one in alternatives]
    beginnings = sorted(_beginning(one) for one in alternatives)
    # Of those that begin differently, one at most can match.
    apart = all(first and not second.startswith(first) for first, second in pairwise(beginnings))
    ways = [one.ways for one in efforts]
    return _Effort(sum(one.cost for one in efforts), max(ways) if apart else sum(ways))


def _repeat(low: int, high: int, inner: Sequence[tuple[Any, Any]]) -> _Effort:
    if int(high) > LONGEST:
        raise PatternError("no_bound")
    each = _sequence(inner)
    total, ways, reached = 0, 0, 1
    for count in range(int(high) + 1):
        ways = min(ways + (reached if count >= low else 0), _CAPPED)
        total = min(total + reached * each.cost, _CAPPED)
        reached = min(reached * each.ways, _CAPPED)
    return _Effort(total, max(ways, 1))


def _beginning(parts: Sequence[tuple[Any, Any]]) -> str:
    """The letters that every match of it begins with.

    Only ASCII tells apart: `re.IGNORECASE` takes some others for letters that `lower` keeps
    apart, such as `ſ` for `s`.
    """
    letters = ""
    for operation, argument in parts:
        if str(operation) != "LITERAL" or argument > 127:
            break
        letters += chr(argument).lower()
    return letters
