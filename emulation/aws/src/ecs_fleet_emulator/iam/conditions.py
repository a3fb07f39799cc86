"""The `Condition` element of a policy: whether the values of a request meet it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ecs_fleet_emulator.errors import NotMappedError

from .patterns import UnknownVariableError, arn_matches, substituted, wildcard

Values = Mapping[str, tuple[str, ...]]
"""The values of a request by condition key, in lower case. A known key without value is empty."""

_QUALIFIER = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", re.IGNORECASE)
_MISSING = "null"


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda given, wanted: compare(float(given), float(wanted))


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    return lambda given, wanted: compare(_time(given), _time(wanted))


def _time(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _in_network(given: str, wanted: str) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


def _equal(given: str, wanted: str) -> bool:
    return given == wanted


def _like(given: str, wanted: str) -> bool:
    return wildcard(wanted).fullmatch(given) is not None


# Each operator's comparison of one value of the request with one of the policy. A negated operator
# has the name of its positive one after "not": see `_operator`.
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": _equal,
    "stringequalsignorecase": lambda given, wanted: given.casefold() == wanted.casefold(),
    "stringlike": _like,
    "numericequals": _number(lambda given, wanted: given == wanted),
    "numericlessthan": _number(lambda given, wanted: given < wanted),
    "numericlessthanequals": _number(lambda given, wanted: given <= wanted),
    "numericgreaterthan": _number(lambda given, wanted: given > wanted),
    "numericgreaterthanequals": _number(lambda given, wanted: given >= wanted),
    "dateequals": _date(lambda given, wanted: given == wanted),
    "datelessthan": _date(lambda given, wanted: given < wanted),
    "datelessthanequals": _date(lambda given, wanted: given <= wanted),
    "dategreaterthan": _date(lambda given, wanted: given > wanted),
    "dategreaterthanequals": _date(lambda given, wanted: given >= wanted),
    "bool": lambda given, wanted: given.lower() == wanted.lower(),
    "binaryequals": _equal,
    "ipaddress": _in_network,
    # AWS: both behave alike.
    "arnequals": arn_matches,
    "arnlike": arn_matches,
}
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
_WITH_PATTERNS = frozenset({"stringlike", "arnequals", "arnlike"})
_WITH_VARIABLES = ("string", "arn")


@dataclass(frozen=True)
class Condition:
    """One operator, one key and the policy's values for it."""

    operator: str
    negated: bool
    qualifier: str
    if_exists: bool
    key: str
    wanted: tuple[str, ...]
    variables: bool

    def is_met(self, values: Values) -> bool:
        """Whether a request with these values meets the condition.

        Raises:
            NotMappedError: whether a request has the key is not known here.
        """
        if self.key not in values:
            raise NotMappedError(f"the condition key {self.key}")
        given = values[self.key]
        if self.operator == _MISSING:
            return any((not given) == (wanted.lower() == "true") for wanted in self.wanted)
        if not given:
            return self.if_exists or self.qualifier == "forallvalues" or self._without_value
        results = [self._compare(value, values) for value in given]
        return all(results) if self.qualifier == "forallvalues" else any(results)

    @property
    def _without_value(self) -> bool:
        """A negated operator is met by a key that is missing, unless some value has to meet it."""
        return self.negated and self.qualifier != "foranyvalue"

    def _compare(self, given: str, values: Values) -> bool:
        return self.negated != any(self._agrees(given, one, values) for one in self.wanted)

    def _agrees(self, given: str, wanted: str, values: Values) -> bool:
        """A variable without a value agrees with nothing, and so does what cannot be compared.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
        """
        try:
            return _COMPARISONS[self.operator](given, self._value(wanted, values))
        except (UnknownVariableError, ValueError):
            return False

    def _value(self, wanted: str, values: Values) -> str:
        if not (self.variables and self.operator.startswith(_WITH_VARIABLES)):
            return wanted
        return substituted(wanted, values, pattern=self.operator in _WITH_PATTERNS)


def parse(element: Mapping[str, Mapping[str, object]], *, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a statement, all of which have to be met.

    `variables`: whether the policy's version knows policy variables.

    Raises:
        NotMappedError: an operator is unknown.
    """
    return tuple(
        _condition(name, key, as_texts(wanted), variables)
        for name, keys in element.items()
        for key, wanted in keys.items()
    )


def as_texts(value: object) -> tuple[str, ...]:
    """A policy's value, or list of values, as texts: JSON's true is "true"."""
    items = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in items)


def _condition(name: str, key: str, wanted: tuple[str, ...], variables: bool) -> Condition:
    match = _QUALIFIER.fullmatch(name)
    operator = match[2].lower() if match else ""
    positive = _NEGATED.get(operator, operator)
    if not match or positive not in {*_COMPARISONS, _MISSING}:
        raise NotMappedError(f"the condition operator {name}")
    return Condition(
        operator=positive,
        negated=operator in _NEGATED,
        qualifier=(match[1] or "").lower(),
        if_exists=bool(match[3]),
        key=key.lower(),
        wanted=wanted,
        variables=variables,
    )
