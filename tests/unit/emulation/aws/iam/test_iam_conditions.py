"""The operators of conditions, with one, several and no values."""

from typing import Any

import pytest

from ecs_fleet_emulator.errors import NotMappedError
from ecs_fleet_emulator.iam.conditions import parse

ARN = "arn:aws:ecs:eu-west-1:111122223333:task/bot/1"


def is_met(operator: str, wanted: Any, *given: str) -> bool:
    conditions = parse({operator: {"the:Key": wanted}}, variables=True)
    values = {"the:key": given, "aws:username": ("ada",), "aws:userid": ()}
    return all(condition.is_met(values) for condition in conditions)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "met"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "A", "a", False),
        ("StringEquals", "${aws:username}", "ada", True),
        ("StringEquals", "${aws:userid, 'none'}", "none", True),
        ("StringEquals", ["${aws:userid}", "a"], "a", True),
        ("StringEquals", "${aws:userid}", "a", False),
        ("StringNotEquals", ["${aws:userid}", "a"], "a", False),
        ("StringNotEquals", "${aws:userid}", "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringNotEquals", ["b", "a"], "a", False),
        ("StringNotEquals", ["b", "c"], "a", True),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringNotEqualsIgnoreCase", "A", "a", False),
        ("StringLike", "a?c*", "abcde", True),
        ("StringLike", "a${*}c", "a*c", True),
        ("StringLike", "a${*}c", "abc", False),
        ("StringNotLike", "a*", "abc", False),
        ("NumericEquals", "5", "5.0", True),
        ("NumericNotEquals", 5, "6", True),
        ("NumericLessThan", 5, "4", True),
        ("NumericLessThanEquals", 5, "5", True),
        ("NumericGreaterThan", 5, "5", False),
        ("NumericGreaterThanEquals", 5, "5", True),
        ("NumericEquals", 5, "no number", False),
        ("NumericEquals", ["no number", 5], "5", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "1767225599", True),
        ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", ["10.0.0.0/8", "192.0.2.1"], "192.0.2.1", True),
        ("IpAddress", "2001:db8::/32", "192.0.2.1", False),
        ("NotIpAddress", "10.0.0.0/8", "192.0.2.1", True),
        ("ArnLike", "arn:aws:ecs:*:111122223333:task/bot/*", ARN, True),
        ("ArnEquals", "arn:aws:ecs:*:*:*", ARN, True),
        ("ArnLike", "arn:aws:*:task/bot/*", ARN, False),
        ("ArnNotLike", "arn:aws:ecs:*:*:service/*", ARN, True),
        ("ArnNotEquals", ARN, ARN, False),
        ("BinaryEquals", "QQ==", "QQ==", True),
    ],
)
def test_an_operator_compares_one_value(operator: str, wanted: Any, given: str, met: bool) -> None:
    assert is_met(operator, wanted, given) is met


@pytest.mark.parametrize(
    ("operator", "wanted", "met"),
    [
        ("StringEquals", "a", False),
        ("StringEqualsIfExists", "a", True),
        ("StringNotEquals", "a", True),
        ("StringNotLikeIfExists", "a", True),
        ("Bool", "false", False),
        ("Null", "true", True),
        ("Null", "false", False),
        ("Null", ["false", "true"], True),
        ("ForAllValues:StringEquals", "a", True),
        ("ForAnyValue:StringEquals", "a", False),
        ("ForAnyValue:StringNotEquals", "a", False),
    ],
)
def test_a_key_without_a_value(operator: str, wanted: Any, met: bool) -> None:
    assert is_met(operator, wanted) is met


@pytest.mark.parametrize(
    ("operator", "given", "met"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "c"), False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
    ],
)
def test_operators_for_several_values(operator: str, given: tuple[str, ...], met: bool) -> None:
    assert is_met(operator, ["a", "b"], *given) is met


def test_a_key_with_a_value_is_not_null() -> None:
    assert is_met("Null", "false", "x")
    assert not is_met("Null", "true", "x")


def test_a_variable_whose_key_is_not_known_here_is_never_taken_for_missing() -> None:
    with pytest.raises(NotMappedError, match="the:unheard"):
        is_met("StringNotEquals", "${the:Unheard}", "a")


def test_an_operator_that_does_not_exist_is_refused() -> None:
    with pytest.raises(NotMappedError, match="StringSimilar"):
        parse({"StringSimilar": {"the:Key": "a"}}, variables=True)
