"""DynamoDB through moto: transactions that undo only what they did.

moto takes a transaction back by putting a copy of the whole table in its place, which it makes for
every transaction: with thousands of items each takes seconds.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import copy
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item

_MOST_WRITES = 100


def mend() -> None:
    """Apply the correction. Called once, before a table is served."""
    DynamoDBBackend.transact_write_items = _transact_write_items


def _transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    """Check every condition, then write; on an error put back the items that were written."""
    if len(transact_items) > _MOST_WRITES:
        raise TooManyTransactionsException()
    writes = [_Write(backend, one) for one in transact_items]
    if len({(one.table, str(one.key)) for one in writes}) < len(writes):
        raise MultipleTransactionsException()
    refused = [one.refusal() for one in writes]
    if any(code for code, _, _ in refused):
        raise TransactionCanceledException(refused)
    _write_all(writes)


def _write_all(writes: "list[_Write]") -> None:
    for done, one in enumerate(writes):
        try:
            one.write()
        except Exception as error:
            for undone in writes[:done]:
                undone.put_back()
            reasons: list[Any] = [(None, None, None)] * len(writes)
            reasons[done] = (type(error).__name__, str(error), None)
            raise TransactionCanceledException(reasons) from error


class _Write:
    """One write of a transaction."""

    def __init__(self, backend: Any, item: dict[str, Any]) -> None:
        if len(item) != 1:
            raise TransactWriteSingleOpException
        ((self._kind, self._given),) = item.items()
        self._backend = backend
        self.table: str = self._given["TableName"]
        self.key = self._given.get("Key") or self._key_of(self._given["Item"])
        self._before = copy.deepcopy(backend.get_item(self.table, self.key))

    def refusal(self) -> tuple[str | None, str | None, dict[str, Any] | None]:
        """Why it can't be written: code, text and the item; nothing if it can."""
        condition = self._given.get("ConditionExpression")
        if condition is None or self._holds(condition):
            return None, None, None
        item = None
        if self._given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and self._before:
            item = self._before.to_json()["Attributes"]
        return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), item

    def write(self) -> None:
        """Write, whatever the condition: it has been checked."""
        if self._kind == "Put":
            self._backend.put_item(self.table, self._given["Item"])
        elif self._kind == "Delete":
            self._backend.delete_item(self.table, self.key)
        elif self._kind == "Update":
            self._backend.update_item(
                self.table,
                self.key,
                update_expression=self._given["UpdateExpression"],
                expression_attribute_names=self._given.get("ExpressionAttributeNames") or {},
                expression_attribute_values=self._given.get("ExpressionAttributeValues") or {},
            )

    def put_back(self) -> None:
        """Undo the write."""
        if self._before is None:
            self._backend.delete_item(self.table, self.key)
        else:
            self._backend.put_item(self.table, self._before.to_json()["Attributes"])

    def _holds(self, condition: str) -> bool:
        names = self._given.get("ExpressionAttributeNames")
        values = self._given.get("ExpressionAttributeValues")
        found = self._before or Item(DynamoType({"S": ""}), None, {})
        return bool(get_filter_expression(condition, names, values).expr(found))

    def _key_of(self, item: dict[str, Any]) -> dict[str, Any]:
        table = self._backend.get_table(self.table)
        names = [table.hash_key_attr, table.range_key_attr]
        return {name: item[name] for name in names if name is not None}
