"""Several writes to a DynamoDB table as one: all of them happen, or none.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from discord_diffusion.aws.dynamodb import (
    Item,
    StoreError,
    StoreUnavailableError,
    translated,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HASTY_SECONDS = 0.8
"""For whom an answer waits."""
PATIENT_SECONDS = 10.0
_PAUSE_SECONDS = (0.01, 0.08)
"""Transactions on one item at the same time cancel each other; a moment later one goes through."""
_CONFLICT = "TransactionConflict"
_CONDITION = "ConditionalCheckFailed"


class TransactionRefusedError(StoreError):
    """A condition of one of the writes does not hold; nothing was written.

    `index` is the first such write, `item` what its item is, None if there is none.
    """

    def __init__(self, index: int, item: Item | None) -> None:
        self.index = index
        self.item = item
        super().__init__(f"the condition of write {index} does not hold")


def transact(
    client: "DynamoDBClient", writes: Sequence[Mapping[str, Any]], patience_seconds: float
) -> None:
    """Write all, trying for so long against others who write to the same items.

    Raises:
        TransactionRefusedError: naming the first write that was refused.
        StoreUnavailableError: the others won all the time, or as `translated`.
        StoreError: as `translated`.
    """
    until = time.monotonic() + patience_seconds
    while not _once(client, writes):
        if time.monotonic() > until:
            raise StoreUnavailableError(_CONFLICT)
        time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - it parts rivals, nothing more


def _once(client: "DynamoDBClient", writes: Sequence[Mapping[str, Any]]) -> bool:
    """Write all; False when others were writing to the same items."""
    reasons: list[Mapping[str, Any]] = []
    with translated():
        try:
            client.transact_write_items(TransactItems=list(writes))  # type: ignore[arg-type]  # TypedDicts
        except ClientError as error:
            reasons = list(error.response.get("CancellationReasons", []))
            if not reasons:
                raise
        else:
            return True
    for index, reason in enumerate(reasons):
        if reason.get("Code") == _CONDITION:
            raise TransactionRefusedError(index, reason.get("Item") or None)
    if all(reason.get("Code") in ("None", None, _CONFLICT) for reason in reasons):
        return False
    codes = sorted({str(reason.get("Code")) for reason in reasons} - {"None"})
    raise StoreError(", ".join(codes))
