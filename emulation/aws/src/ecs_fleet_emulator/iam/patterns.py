"""Patterns of a policy: wildcards in actions and ARNs, and policy variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from ecs_fleet_emulator.errors import NotMappedError

_SEGMENTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SPECIAL = {"*", "?", "$"}
# Wildcards that a variable's value holds stand for themselves: no character of an ARN is one.
_LITERALS = {"*": "\ue000", "?": "\ue001"}


class UnknownVariableError(Exception):
    """A policy variable has no value, or several, in this request: it agrees with nothing."""


@lru_cache(maxsize=4096)
def wildcard(text: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A text with the wildcards * and ? as a regular expression."""
    return re.compile(_expression(text, ".*"), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=4096)
def resource(text: str) -> re.Pattern[str]:
    """A `Resource` as a regular expression.

    A wildcard stays within its segment of the ARN (the parts between colons), except a * at the end
    of one.
    """
    return re.compile(":".join(_segment(segment) for segment in text.split(":")), re.DOTALL)


def _segment(text: str) -> str:
    if text.endswith("*"):
        return _expression(text[:-1], "[^:]*") + ".*"
    return _expression(text, "[^:]*")


def _expression(text: str, star: str) -> str:
    parts = {"*": star, "?": ".", _LITERALS["*"]: r"\*", _LITERALS["?"]: r"\?"}
    return "".join(parts.get(character) or re.escape(character) for character in text)


def arn_matches(given: str, wanted: str) -> bool:
    """ArnLike and ArnEquals: each of the six segments of the ARN is compared by itself."""
    ours, theirs = given.split(":", _SEGMENTS - 1), wanted.split(":", _SEGMENTS - 1)
    if len(ours) != _SEGMENTS or len(theirs) != _SEGMENTS:
        return False
    return all(
        wildcard(pattern).fullmatch(text) for text, pattern in zip(ours, theirs, strict=True)
    )


def substituted(text: str, values: Mapping[str, tuple[str, ...]], *, pattern: bool) -> str:
    """A text with its policy variables replaced by the request's values.

    `pattern`: whether wildcards in the text have a meaning; those in values never have one.

    Raises:
        NotMappedError: whether a request has a variable's key is not known here.
        UnknownVariableError: a variable without default has not exactly one value.
    """
    if "${" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name, _, default = (part.strip() for part in match[1].partition(","))
        if name in _SPECIAL:
            found = name
        elif name.lower() not in values:
            raise NotMappedError(f"the condition key {name.lower()}")
        elif len(given := values[name.lower()]) == 1:
            found = given[0]
        elif default:
            found = default.strip("'")
        else:
            raise UnknownVariableError(name)
        if pattern:
            for character, literal in _LITERALS.items():
                found = found.replace(character, literal)
        return found

    return _VARIABLE.sub(value, text)
