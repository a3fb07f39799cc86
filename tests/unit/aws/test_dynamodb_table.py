"""Single reads and writes of a table, and the values of its items, on moto's DynamoDB."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.dynamodb import Table, from_item
from discord_diffusion.aws.errors import ConditionFailedError
from tests.unit.aws.jobs_table import items, jobs_table


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def test_an_item_is_read_with_the_values_that_were_written(table: Table) -> None:
    values: dict[str, Any] = {
        "text": "a",
        "yes": True,
        "no": False,
        "whole": 3,
        "part": 0.1,
        "texts": {"b", "a"},
        "list": [1, "a", {"seconds": 1.5, "left_out": None}, [True]],
        "map": {"x": {"y": 2}},
        "nothing": None,
    }
    assert table.put_item(table.put({"id": "1", **values}))
    assert items(table)["1"] == {
        "text": "a",
        "yes": True,
        "no": False,
        "whole": 3,
        "part": 0.1,
        "texts": ["a", "b"],
        "list": [1, "a", {"seconds": 1.5}, [True]],
        "map": {"x": {"y": 2}},
    }


def test_an_item_is_read_as_it_is_now(table: Table) -> None:
    asked = {"TableName": "jobs", "Key": {"id": {"S": "1"}}, "ConsistentRead": True}
    with Stubber(table.client) as answers:
        answers.add_response("get_item", {}, asked)
        assert table.get_item("1") is None


def test_a_write_has_no_more_arguments_than_it_needs(table: Table) -> None:
    assert table.put({"id": "1"}) == {"TableName": "jobs", "Item": {"id": {"S": "1"}}}
    assert table.update("1", "REMOVE seen") == {
        "TableName": "jobs",
        "Key": {"id": {"S": "1"}},
        "UpdateExpression": "REMOVE seen",
    }


def test_an_item_is_written_only_while_its_condition_holds(table: Table) -> None:
    def put(version: int, below: int) -> bool:
        condition = "attribute_not_exists(id) OR version < :below"
        item = {"id": "1", "version": version}
        return table.put_item(table.put(item, condition=condition, values={":below": below}))

    assert [put(1, 0), put(2, 1), put(3, 2)] == [True, False, True]
    assert items(table) == {"1": {"version": 3}}


def test_a_change_returns_the_item_that_the_caller_asks_for(table: Table) -> None:
    def update(value: int, returns: Any, condition: str = "") -> dict[str, Any]:
        values = {":value": value}
        update = table.update("1", "SET #value = :value", condition=condition, values=values)
        return from_item(table.update_item(update, returns=returns))

    assert table.update_item(table.update("1", "SET seen = :one", values={":one": 1})) == {}
    assert update(1, "ALL_OLD") == {"id": "1", "seen": 1}
    assert update(2, "ALL_NEW") == {"id": "1", "seen": 1, "value": 2}
    with pytest.raises(ConditionFailedError) as failed:
        update(3, "NONE", "#value > :value")
    assert failed.value.item
    assert from_item(failed.value.item) == {"id": "1", "seen": 1, "value": 2}
