"""The read and write units that DynamoDB bills for calls of the jobs table, by its rules.

moto answers with no true `ConsumedCapacity`. An item's size is that of its names and values.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
A write of the index is billed when its entry comes, changes or goes; the transaction that caused it
does not double it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient

WRITE_BYTES, READ_BYTES = 1024, 4096
_INDEX_KEY, _KEYS_ONLY_INDEX_KEY = "waiting", "history"
Item = Mapping[str, Any]
Call = Callable[[Any, str, dict[str, Any]], Any]


@dataclass
class Meter:
    """Counts `writes` by the kind of item, and `reads` by operation."""

    writes: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)

    def written(self, key: str, before: Item, after: Item, *, in_transaction: bool) -> None:
        """Count a write of an item."""
        kind = key.split("#")[0]
        self.writes[kind] += units(before, after, WRITE_BYTES) * (2 if in_transaction else 1)
        indexed = [item if _INDEX_KEY in item else {} for item in (before, after)]
        if indexed[0] != indexed[1]:
            self.writes["index"] += units(*indexed, WRITE_BYTES)
        listed = [item.get(_KEYS_ONLY_INDEX_KEY) for item in (before, after)]
        if listed[0] != listed[1]:
            self.writes["history"] += 1

    def read(self, operation: str, found: list[Item], *, consistent: bool) -> None:
        """Count the reads of single items; one that is missing counts as the smallest."""
        share = 1.0 if consistent else 0.5
        self.reads[operation] += share * sum(units(item, {}, READ_BYTES) for item in found)  # type: ignore[assignment]

    def query(self, found: list[Item]) -> None:
        """Count an eventually consistent query: all its items together."""
        self.reads["Query"] += 0.5 * max(1, math.ceil(sum(map(size, found)) / READ_BYTES))  # type: ignore[assignment]


def size(item: Item) -> int:
    """Bytes of an item."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def units(before: Item, after: Item, unit: int) -> int:
    """Units of a read or write: those of the larger of the two items."""
    return max(1, math.ceil(max(size(before), size(after)) / unit))


def _size(value: Item) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _size(one) for name, one in content.items())
        case "L":
            return 3 + sum(1 + _size(one) for one in content)
        case "SS":
            return sum(len(one.encode()) for one in content)
        case "N":
            return (len(content.strip("-").replace(".", "")) + 1) // 2 + 1
        case "BOOL":
            return 1
        case _:
            return len(content.encode())


@contextmanager
def metered(table: str, client: Any) -> Iterator[Meter]:
    """Meter all calls of DynamoDB in this process, which may be moto's; `client` reads items."""
    meter, call = Meter(), BaseClient._make_api_call  # type: ignore[attr-defined]

    def item(key: Item) -> Item:
        found: Item = call(client, "GetItem", {"TableName": table, "Key": key}).get("Item", {})
        return found

    def make(caller: Any, operation: str, given: dict[str, Any]) -> Any:
        if caller.meta.service_model.service_name != "dynamodb":
            return call(caller, operation, given)
        keys = list(_written_keys(operation, given))
        before = [item(key) for key in keys]
        answer = call(caller, operation, given)
        for key, old in zip(keys, before, strict=True):
            transacted = operation == "TransactWriteItems"
            meter.written(key["id"]["S"], old, item(key), in_transaction=transacted)
        if operation == "GetItem":
            consistent = given.get("ConsistentRead", False)
            meter.read(operation, [answer.get("Item", {})], consistent=consistent)
        elif operation == "BatchGetItem":
            asked = given["RequestItems"][table]
            found = {one["id"]["S"]: one for one in answer["Responses"][table]}
            wanted = [found.get(key["id"]["S"], {}) for key in asked["Keys"]]
            meter.read(operation, wanted, consistent=asked["ConsistentRead"])
        elif operation == "Query":
            meter.query(answer["Items"])
        return answer

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(BaseClient, "_make_api_call", make)
        yield meter


def _written_keys(operation: str, given: Mapping[str, Any]) -> Iterator[Item]:
    match operation:
        case "UpdateItem":
            yield given["Key"]
        case "PutItem":
            yield {"id": given["Item"]["id"]}
        case "TransactWriteItems":
            for write in given["TransactItems"]:
                ((kind, one),) = write.items()
                yield from _written_keys(f"{kind}Item", one)
