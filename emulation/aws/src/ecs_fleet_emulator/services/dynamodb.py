"""DynamoDB of moto (LocalStack's own needs Java), with two corrections and a short cut.

moto checks a condition and then writes without a lock, so that several concurrent conditional
writes of an item could all succeed. Here calls are served one at a time.

moto copies the whole table in every transaction, to restore it after an error; with thousands of
items a transaction takes seconds. Here only the written items are restored.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html

LocalStack parses what moto answers and writes it anew. Here it is sent as moto wrote it. moto looks
in each request for parameters in its address, in forms and in files. Here it gets the JSON alone.
"""

import json
from http import HTTPStatus
from threading import Lock
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.forwarder import dispatch_to_backend
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service
from moto.core.responses import BaseResponse
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
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import mark_account_as_visited
from moto.utilities.aws_headers import amz_crc32

from . import items, update_expressions
from .moto_service import moto_service

_MAX_WRITES = 100
_CONTENT_TYPE = "application/x-amz-json-1.0"


def service() -> Service:
    """DynamoDB, one call at a time."""
    DynamoDBBackend.transact_write_items = _transact_write_items
    update_expressions.apply()
    items.apply()
    lock = Lock()

    def called(context: RequestContext, _request: Any) -> Any:
        with lock:
            status, headers, body = _Call(context).call_action()
        answer = Response(body, int(status), headers)
        if answer.status_code != HTTPStatus.OK:
            return dispatch_to_backend(context, lambda _context: answer)  # raises the error
        answer.headers["Content-Type"] = _CONTENT_TYPE
        return answer

    return moto_service("dynamodb", dict.fromkeys(load_service("dynamodb").operation_names, called))


class _Call(DynamoHandler):  # type: ignore[misc]  # moto is untyped
    """One call, with what moto's handler takes from a request."""

    def __init__(self, context: RequestContext) -> None:
        super().__init__()
        body = context.request.data
        self.__dict__.update(
            raw_body=body,
            body=json.loads(body or "{}"),
            headers=context.request.headers,
            response_headers={"server": "amazon.com"},
            querystring={},
            region=context.region,
            partition=context.partition,
            current_account=context.account_id,
        )
        self.access_key = self.get_access_key()
        mark_account_as_visited(
            self.current_account, self.access_key, self.service_name, self.region
        )

    @amz_crc32  # type: ignore[untyped-decorator]  # as above
    def call_action(self) -> Any:
        """The status, the headers and the body of the answer."""
        return BaseResponse.call_action(self)


def _transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    """Check every condition, then write; after an error restore the items that were written."""
    if len(transact_items) > _MAX_WRITES:
        raise TooManyTransactionsException()
    writes = [_Write(backend, item) for item in transact_items]
    if len({(write.table, str(write.key)) for write in writes}) < len(writes):
        raise MultipleTransactionsException()
    reasons = [write.cancellation_reason() for write in writes]
    if any(code for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    for done, write in enumerate(writes):
        try:
            write.apply()
        except Exception as error:
            for earlier in writes[:done]:
                earlier.undo()
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
        self._before = items.copied(backend.get_item(self.table, self.key))

    def cancellation_reason(self) -> tuple[str | None, str | None, dict[str, Any] | None]:
        """Code, message and item of a failed condition; (None, None, None) if it holds."""
        condition = self._given.get("ConditionExpression")
        if condition is None or self._holds(condition):
            return None, None, None
        item = None
        if self._given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and self._before:
            item = self._before.to_json()["Attributes"]
        return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), item

    def apply(self) -> None:
        """Write, without the condition, which has been checked."""
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

    def undo(self) -> None:
        """Restore the item as it was before the write."""
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
