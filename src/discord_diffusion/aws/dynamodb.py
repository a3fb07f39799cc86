"""A DynamoDB table whose items have the key `id`: single writes, transactions, attribute values."""

import random
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError

from discord_diffusion.aws import clients
from discord_diffusion.aws.deadline import Attempts, Deadline
from discord_diffusion.aws.errors import (
    ConditionFailedError,
    Item,
    StoreError,
    StoreUnavailableError,
    TransactionRefusedError,
    translated,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

Arguments = Mapping[str, Any]
"""The arguments of one write, as the client's method takes them."""

# Items are read and written within a few milliseconds.
_CONFIG = Config(connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 3})
_ANSWER_CONFIG = Config(connect_timeout=0.4, read_timeout=0.5, retries={"total_max_attempts": 1})
_READS = 3
"""How often keys are asked for that DynamoDB leaves out of an answer."""
_PAUSE_SECONDS = (0.01, 0.08)
"""Simultaneous transactions on one item cancel each other; after a pause one succeeds."""
_CONFLICT = "TransactionConflict"
_CONDITION = "ConditionalCheckFailed"
_NAME = re.compile(r"#(\w+)")


class Table:
    """One table. Safe to share between threads, as botocore's clients are.

    Each method that calls DynamoDB raises `StoreError`, or one of its kinds. With a `deadline` a
    call has shorter time-outs, and is made and repeated only as far as the answer's time allows.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str | None = None,
        deadline: Deadline | None = None,
        client: "DynamoDBClient | None" = None,
    ) -> None:
        config = _ANSWER_CONFIG if deadline else _CONFIG
        self.name = name
        self._attempts = Attempts.of(config, deadline)
        self.client: DynamoDBClient = client or clients.client(
            "dynamodb", region=region, config=config
        )

    def call(self, call: Callable[[], T]) -> T:
        """Make a call of `client`, whose errors are raised as `StoreError`."""
        with translated(StoreError):
            return self._attempts.make(call)

    def put(
        self,
        item: Mapping[str, Any],
        *,
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Arguments:
        """The arguments of a write of a whole item, which has plain values."""
        return {"TableName": self.name, "Item": to_item(item)} | _condition(condition, values)

    def update(
        self,
        key: str,
        expression: str,
        *,
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Arguments:
        """The arguments of a change of attributes; `#name` is the attribute of that name.

        If the condition does not hold, the error holds the item.
        """
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "Key": to_item({"id": key}),
            "UpdateExpression": expression,
        }
        if condition:
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if names := set(_NAME.findall(f"{expression} {condition}")):
            arguments["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return arguments | _condition(condition, values)

    def get_item(self, key: str) -> Item | None:
        """The item as it is now, None if there is none."""
        answer = self.call(
            lambda: self.client.get_item(
                TableName=self.name, Key=to_item({"id": key}), ConsistentRead=True
            )
        )
        return answer.get("Item")

    def batch_get_item(self, keys: Iterable[str], *, consistent: bool) -> dict[str, Item]:
        """The items with these keys that exist, by key; if `consistent`, as they are now.

        Keys that DynamoDB leaves unprocessed, as it does when it throttles, are asked for again.
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html

        Raises:
            StoreUnavailableError: some are left unprocessed, so it is not known whether they exist.
        """
        items = [to_item({"id": key}) for key in keys]
        request: Any = {self.name: {"Keys": items, "ConsistentRead": consistent}}
        found: dict[str, Item] = {}
        for _ in range(_READS):
            answer = self.call(lambda: self.client.batch_get_item(RequestItems=request))  # noqa: B023 - called at once
            found |= {item["id"]["S"]: item for item in answer["Responses"].get(self.name, [])}
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise StoreUnavailableError("UnprocessedKeys")

    def put_item(self, arguments: Arguments) -> bool:
        """Write what `put` describes; False, and nothing is written, if its condition fails."""
        try:
            self.call(lambda: self.client.put_item(**arguments))
        except ConditionFailedError:
            return False
        return True

    def update_item(
        self, arguments: Arguments, *, returns: Literal["NONE", "ALL_OLD", "ALL_NEW"] = "NONE"
    ) -> Item:
        """Change what `update` describes; the item before or after that, as `returns` says.

        Raises:
            ConditionFailedError: nothing was written.
        """
        answer = self.call(lambda: self.client.update_item(**arguments, ReturnValues=returns))
        return answer.get("Attributes", {})


def transact(table: Table, writes: Sequence[Mapping[str, Any]], retry_seconds: float) -> None:
    """Do all writes, `{"Put": arguments}` or `{"Update": arguments}`, or none of them.

    A conflict with another write to the same items is retried for `retry_seconds`.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html

    Raises:
        TransactionRefusedError: naming the first write whose condition does not hold.
        StoreUnavailableError: the conflict lasts, or DynamoDB did not answer in time.
        StoreError: DynamoDB refused it.
    """
    until = time.monotonic() + retry_seconds
    while not _transact_once(table, writes):
        if time.monotonic() > until:
            raise StoreUnavailableError(_CONFLICT)
        time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - not a secret


def _transact_once(table: Table, writes: Sequence[Mapping[str, Any]]) -> bool:
    """Do all writes; False if another write to the same items was under way."""
    items: Any = list(writes)
    # With the same token the repeat of a transaction whose answer was lost succeeds.
    token = str(uuid.uuid4())

    def write() -> Sequence[Mapping[str, Any]]:
        """The reasons why DynamoDB cancelled the transaction; none if it is done."""
        try:
            table.client.transact_write_items(TransactItems=items, ClientRequestToken=token)
        except ClientError as error:
            if reasons := list(error.response.get("CancellationReasons", [])):
                return reasons
            raise
        return []

    reasons = table.call(write)
    if not reasons:
        return True
    for index, reason in enumerate(reasons):
        if reason.get("Code") == _CONDITION:
            raise TransactionRefusedError(index, reason.get("Item") or None)
    if all(reason.get("Code") in ("None", None, _CONFLICT) for reason in reasons):
        return False
    codes = sorted({str(reason.get("Code")) for reason in reasons} - {"None"})
    raise StoreError(", ".join(codes))


def to_item(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values of plain values, which may be sets of texts; None is left out."""
    return {name: _to_value(value) for name, value in plain.items() if value is not None}


def from_item(item: Item) -> dict[str, Any]:
    """The plain values of an item: numbers as float, sets and lists as lists."""
    return {name: _from_value(value) for name, value in item.items()}


def moment(seconds: float | None) -> datetime | None:
    """The time that an item keeps as seconds since the epoch."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _condition(condition: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
    if values:
        arguments["ExpressionAttributeValues"] = to_item(values)
    return arguments


def _to_value(plain: Any) -> dict[str, Any]:
    match plain:
        case bool():
            return {"BOOL": plain}
        case int() | float():
            return {"N": repr(plain)}
        case set():
            return {"SS": sorted(plain)}
        case list():
            return {"L": [_to_value(value) for value in plain]}
        case Mapping():
            return {"M": to_item(plain)}
        case _:
            return {"S": str(plain)}


def _from_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return float(content)
        case "M":
            return from_item(content)
        case "L":
            return [_from_value(one) for one in content]
        case _:
            return content
