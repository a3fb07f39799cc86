"""The errors of the adapters, and their translation from the errors of AWS's SDK.

AwsError
├── StoreError                    DynamoDB
│   ├── StoreUnavailableError     no answer in time, throttled or 5xx
│   ├── UnknownJobError           the table holds no such job
│   ├── ConditionFailedError      the condition of a write does not hold
│   └── TransactionRefusedError   the condition of one of several writes does not hold
├── QueueError                    SQS
│   ├── QueueUnavailableError     no answer in time, throttled or 5xx
│   └── ReceiptLostError          the message is no longer ours
├── ServiceError                  ECS, Auto Scaling, CloudWatch and Step Functions
│   └── ServiceUnavailableError   no answer in time, throttled or 5xx
└── TaskProtectionError           the ECS agent beside a task

The text of an error is AWS's error code, or the kind of failure of a call that never reached AWS.
It never quotes the request, which may hold the token of an interaction. After an "unavailable"
error the same call may succeed later.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError

Item = Mapping[str, Any]
"""An item of a table, in DynamoDB's JSON: `{"id": {"S": "job#1"}}`."""

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""
_RECEIPT_LOST = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})
"""SQS's error codes for a receipt handle that is no longer valid; they differ by API version.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""


class AwsError(Exception):
    """AWS refused a call, or did not answer it."""


class StoreError(AwsError):
    """DynamoDB refused a call, or did not answer it."""


class StoreUnavailableError(StoreError):
    """DynamoDB did not answer in time, or is overloaded."""


class UnknownJobError(StoreError):
    """The table holds no such job."""


class ConditionFailedError(StoreError):
    """The condition of a write does not hold; `item` is the item, None if there is none."""

    def __init__(self, item: Item | None) -> None:
        self.item = item
        super().__init__("the condition does not hold")


class TransactionRefusedError(StoreError):
    """A condition of one of several writes does not hold; nothing was written.

    `index` is the first such write and `item` its item, None if there is none.
    """

    def __init__(self, index: int, item: Item | None) -> None:
        self.index = index
        self.item = item
        super().__init__(f"the condition of write {index} does not hold")


class QueueError(AwsError):
    """SQS refused a call, or did not answer it."""


class QueueUnavailableError(QueueError):
    """SQS did not answer in time, or is overloaded."""


class ReceiptLostError(QueueError):
    """The receipt handle has expired: the message is no longer ours."""


class ServiceError(AwsError):
    """A service refused a call, or did not answer it."""


class ServiceUnavailableError(ServiceError):
    """A service did not answer in time, or is overloaded."""


class TaskProtectionError(AwsError):
    """The ECS agent did not change the protection of its task."""


_UNAVAILABLE: Mapping[type[AwsError], type[AwsError]] = {
    StoreError: StoreUnavailableError,
    QueueError: QueueUnavailableError,
    ServiceError: ServiceUnavailableError,
}


@contextmanager
def translated(kind: type[StoreError] | type[QueueError] | type[ServiceError]) -> Iterator[None]:
    """Raise an error of this kind for each error of the SDK.

    The SDK's error is not kept as its context: it may quote a request that holds a token.
    """
    failure: AwsError
    try:
        yield
        return
    except (ClientError, BotoCoreError) as error:
        failure = _translation(kind, error)
    raise failure from None


def _translation(kind: type[AwsError], error: ClientError | BotoCoreError) -> AwsError:
    code = _code(error)
    if isinstance(error, ClientError):
        if kind is StoreError and code == "ConditionalCheckFailedException":
            response: Mapping[str, Any] = error.response
            return ConditionFailedError(response.get("Item") or None)
        if kind is QueueError and code in _RECEIPT_LOST:
            return ReceiptLostError(code)
    return _UNAVAILABLE[kind](code) if may_succeed_later(error) else kind(code)


def may_succeed_later(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may succeed later: AWS did not answer, failed, or is overloaded."""
    if not isinstance(error, ClientError):
        return isinstance(error, (HTTPClientError, SdkConnectionError))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or _code(error) in _THROTTLED


def _code(error: ClientError | BotoCoreError) -> str:
    """AWS's error code without its namespace: "com.amazonaws.sqs#QueueDoesNotExist"."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    return re.split("[#.]", code)[-1]
