"""The parsers of fields, lists and objects."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.validation import fields
from discord_stand_in.validation.fields import Field

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def codes(tree: Any) -> list[str]:
    """Every error code in a tree."""
    found: list[str] = []
    for key, value in tree.items():
        found += [error["code"] for error in value] if key == "_errors" else codes(value)
    return found


def refusal(parse: Callable[[Any], Any], value: Any) -> dict[str, Any]:
    """The tree of the error that a parser raises for a value."""
    with pytest.raises(InvalidFormError) as error:
        parse(value)
    return error.value.tree


PARSERS = {
    "string": fields.string(1, 10),
    "integer": fields.integer(0, 10),
    "number": fields.number(0, 10),
    "boolean": fields.boolean,
    "snowflake": fields.snowflake,
    "url": fields.url(),
    "list": fields.list_of(fields.integer(), 0, 3),
    "mapping": fields.mapping_of(("de", "fr"), fields.string()),
    "model": fields.model({"a": Field(fields.string(), required=True)}),
}


@given(value=JSON)
def test_every_parser_accepts_a_value_or_raises_an_error_with_codes(value: Any) -> None:
    for name, parse in PARSERS.items():
        tree: dict[str, Any] | None = None
        try:
            parse(value)
        except InvalidFormError as error:
            tree = error.tree
        assert tree is None or codes(tree), name


@given(st.text())
def test_a_length_is_counted_in_code_points(text: str) -> None:
    parse = fields.string(2, 4)
    if 2 <= len(text) <= 4:
        assert parse(text) == text
    else:
        assert codes(refusal(parse, text)) == ["BASE_TYPE_BAD_LENGTH"]


@given(st.integers())
def test_an_integer_is_checked_against_its_range_also_as_text(number: int) -> None:
    parse = fields.integer(-5, 5)
    for value in (number, str(number)):
        if -5 <= number <= 5:
            assert parse(value) == number
        else:
            refusal(parse, value)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_snowflake_becomes_text(number: int) -> None:
    assert fields.snowflake(number) == fields.snowflake(str(number)) == str(number)


@pytest.mark.parametrize("value", [-1, 2**63, "x", "", "1.5", True, None, [], "٣"])
def test_a_value_that_is_no_snowflake_is_refused(value: Any) -> None:
    refusal(fields.snowflake, value)


def test_all_errors_of_a_body_are_reported_together_by_field() -> None:
    parse = fields.model(
        {
            "name": Field(fields.string(1, 3), required=True),
            "items": Field(fields.list_of(fields.model({"n": Field(fields.integer())}))),
        }
    )
    tree = refusal(parse, {"items": [{"n": 1}, {"n": "x"}, 5]})
    assert codes(tree["name"]) == ["BASE_TYPE_REQUIRED"]
    assert codes(tree["items"]["1"]["n"]) == ["NUMBER_TYPE_COERCE"]
    assert codes(tree["items"]["2"]) == ["MODEL_TYPE_CONVERT"]
    assert "0" not in tree["items"]


def test_null_counts_as_absent_unless_the_field_is_nullable() -> None:
    parse = fields.model({"a": Field(fields.string()), "b": Field(fields.string(), nullable=True)})
    assert parse({"a": None, "b": None, "c": 1}) == {"b": None}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://x.test/a?b#c", None),
        ("x", "URL_TYPE_INVALID_URL"),
        ("https://", "URL_TYPE_INVALID_URL"),
        ("http://[::1", "URL_TYPE_INVALID_URL"),
        ("javascript:alert(1)", "URL_TYPE_INVALID_SCHEME"),
        ("https://" + "x" * 3000, "BASE_TYPE_MAX_LENGTH"),
    ],
)
def test_an_address_has_an_allowed_scheme_and_a_host(address: str, code: str | None) -> None:
    if code is None:
        assert fields.url()(address) == address
    else:
        assert codes(refusal(fields.url(), address)) == [code]
