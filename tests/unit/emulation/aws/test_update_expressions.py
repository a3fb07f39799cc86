"""moto's update expressions mean the same where the emulator parses, copies and checks them."""

import copy
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb import models
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import Validator

from ecs_fleet_emulator.services import items, update_expressions

ITEM: dict[str, Any] = {
    "id": {"S": "1"},
    "count": {"N": "3"},
    "jobs": {"SS": ["a", "b"]},
    "list": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]},
    "map": {"M": {"inner": {"S": "x"}}},
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SET #n = :v", {":v": {"S": "new"}}),
    ("SET #n = if_not_exists(#n, :v), a = :w", {":v": {"N": "1"}, ":w": {"S": "2"}}),
    ("SET #n = #n + :v", {":v": {"N": "4"}}),
    ("SET #n = :v - #n REMOVE jobs", {":v": {"N": "4"}}),
    ("SET list = list_append(list, :v)", {":v": {"L": [{"S": "4"}]}}),
    ("SET map.inner = :v, list[0] = :v", {":v": {"S": "y"}}),
    ("REMOVE list[0], list[2]", {}),
    ("SET b = :v ADD #n :v, c :v DELETE jobs :s", {":v": {"N": "2"}, ":s": {"SS": ["a"]}}),
    ("ADD jobs :s", {":s": {"SS": ["c"]}}),
    # Refused:
    ("SET id = :v", {":v": {"S": "2"}}),
    ("SET #n = :v, #n = :v", {":v": {"S": "2"}}),
    ("SET map = :v, map.inner = :v", {":v": {"S": "2"}}),
    ("SET a = :v", {}),
    ("SET a = b", {}),
    ("SET missing.inner = :v", {":v": {"S": "2"}}),
    ("SET a = :v SET b = :v", {":v": {"S": "2"}}),
    ("ADD #n :v", {":v": {"S": "no number"}}),
    ("SET a :v", {":v": {"S": "2"}}),
    ("SET #n = #n + :v", {":v": {"S": "2"}}),
]
CONDITIONS: list[tuple[str, dict[str, Any]]] = [
    ("attribute_not_exists(id)", {}),
    ("#n <= :v AND size(jobs) < :v", {":v": {"N": "3"}}),
    ("NOT (#n IN (:v, :w) OR contains(jobs, :w))", {":v": {"N": "4"}, ":w": {"S": "c"}}),
    ("map.inner = :v OR list[0] BETWEEN :v AND :v", {":v": {"S": "x"}}),
    # Refused:
    ("#n = :missing", {":v": {"N": "3"}}),
    ("#n == :v", {":v": {"N": "3"}}),
    ("count = :v", {":v": {"N": "3"}}),
]
_REPLACED: tuple[tuple[Any, str], ...] = (
    (UpdateExpressionParser, "make"),
    (DepthFirstTraverser, "traverse"),
    (Node, "find_clauses"),
    (validators, "deepcopy"),
    (models, "copy"),
    (Validator, "__init__"),
    (Validator, "validate"),
    (ConditionExpressionParser, "_lex_condition_expression"),
    (Item, "__init__"),
    (LimitedSizeDict, "__setitem__"),
)


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def result(client: Any, expression: str, values: dict[str, Any], condition: str = "") -> Any:
    """The answer about an item that there is and about a new one, and both items after that."""
    found: list[Any] = []
    for key in ("1", "new"):
        client.put_item(TableName="t", Item=ITEM)
        client.delete_item(TableName="t", Key={"id": {"S": "new"}})
        arguments: dict[str, Any] = {"ExpressionAttributeNames": {"#n": "count"}}
        if "#n" not in expression + condition:
            arguments = {}
        if condition:
            arguments["ConditionExpression"] = condition
        if values:
            arguments["ExpressionAttributeValues"] = copy.deepcopy(values)
        try:
            answer = client.update_item(
                TableName="t",
                Key={"id": {"S": key}},
                UpdateExpression=expression,
                ReturnValues="ALL_NEW",
                **arguments,
            )
            found.append(answer["Attributes"])
        except ClientError as error:
            found.append(error.response["Error"])
        except (KeyError, ValueError) as error:  # moto's, for what it has no error for
            found.append(repr(error))
        found.append(client.get_item(TableName="t", Key={"id": {"S": key}}).get("Item"))
    return found


def test_answers_and_items_are_moto_s_own(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(*case, "") for case in CASES]
    cases += [("SET a = :a", values | {":a": {"S": "a"}}, text) for text, values in CONDITIONS]
    expected = [result(table, *case) for case in cases]
    for owner, name in _REPLACED:
        monkeypatch.setattr(owner, name, owner.__dict__[name])
    items.apply()
    update_expressions.apply()
    # The second time each expression is known.
    for _ in range(2):
        assert [result(table, *case) for case in cases] == expected


def test_a_copy_shares_nothing_with_its_original() -> None:
    original = {"a": [1, {"b": {2}}]}
    copied = update_expressions.copied(original)
    assert copied == original
    original["a"][1]["b"].add(3)
    assert copied == {"a": [1, {"b": {2}}]}
