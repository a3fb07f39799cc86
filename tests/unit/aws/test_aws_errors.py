"""Errors of AWS's SDK become the project's own, of one kind a service, and quote no request."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from discord_diffusion.aws.errors import (
    AwsError,
    ConditionFailedError,
    QueueError,
    QueueUnavailableError,
    ReceiptLostError,
    ServiceError,
    ServiceUnavailableError,
    StoreError,
    StoreUnavailableError,
    TransactionRefusedError,
    may_succeed_later,
    translated,
)

KINDS = (StoreError, QueueError, ServiceError)
UNAVAILABLE = {
    StoreError: StoreUnavailableError,
    QueueError: QueueUnavailableError,
    ServiceError: ServiceUnavailableError,
}


def refused(code: str | None, status: int | None = 400, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code} if code else {}, **more}
    if status:
        response["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(response, "SendMessage")


def translation(kind: Any, error: Exception) -> AwsError:
    with pytest.raises(AwsError) as raised, translated(kind):
        raise error
    return raised.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("Throttling"),
        refused("RequestThrottled"),
        refused("RequestLimitExceeded"),
        refused("ProvisionedThroughputExceededException"),
        refused("TransactionInProgressException"),
        refused("InternalError", 500),
        refused("ServiceUnavailable", 503),
        ConnectTimeoutError(endpoint_url="http://a"),
        ReadTimeoutError(endpoint_url="http://a"),
        EndpointConnectionError(endpoint_url="http://a"),
    ],
)
def test_a_service_that_is_overloaded_or_out_of_reach_is_unavailable(
    kind: Any, error: Exception
) -> None:
    found = translation(kind, error)
    assert type(found) is UNAVAILABLE[kind]
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    assert str(found) == (code or type(error).__name__)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (refused("AccessDeniedException"), "AccessDeniedException"),
        (refused("AccessDeniedException", 499), "AccessDeniedException"),
        (refused("AccessDenied", None), "AccessDenied"),
        (refused("com.amazonaws.sqs#QueueDoesNotExist"), "QueueDoesNotExist"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "NonExistentQueue"),
        (refused("com.amazonaws.dynamodb.v20120810#Refused"), "Refused"),
        (refused(None), "unknown"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_a_call_that_aws_refuses_for_good_is_an_error_whose_text_is_the_code(
    kind: Any, error: Exception, text: str
) -> None:
    found = translation(kind, error)
    assert type(found) is kind
    assert str(found) == text


def test_an_answer_without_anything_is_no_reason_to_try_again() -> None:
    empty: Any = {}
    assert not may_succeed_later(ClientError(empty, "SendMessage"))
    assert str(translation(QueueError, ClientError(empty, "SendMessage"))) == "unknown"


@pytest.mark.parametrize(
    "code", ["ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"]
)
def test_a_receipt_that_is_not_valid_any_more_is_lost_for_the_queue_alone(code: str) -> None:
    found = translation(QueueError, refused(code))
    assert type(found) is ReceiptLostError
    assert str(found) == code
    assert type(translation(StoreError, refused(code))) is StoreError


def test_a_condition_that_fails_brings_the_item_for_the_store_alone() -> None:
    code, item = "ConditionalCheckFailedException", {"id": {"S": "1"}}
    found = translation(StoreError, refused(code, Item=item))
    assert isinstance(found, ConditionFailedError)
    assert found.item == item
    assert str(found) == "the condition does not hold"
    for nothing in ({}, {"Item": {}}):
        found = translation(StoreError, refused(code, **nothing))
        assert isinstance(found, ConditionFailedError)
        assert found.item is None
    assert type(translation(QueueError, refused(code))) is QueueError


def test_a_refused_transaction_names_the_write() -> None:
    item = {"id": {"S": "1"}}
    assert TransactionRefusedError(2, None).item is None
    refusal = TransactionRefusedError(2, item)
    assert (refusal.index, refusal.item) == (2, item)
    assert str(refusal) == "the condition of write 2 does not hold"


def test_the_error_of_the_sdk_is_neither_cause_nor_shown_as_context() -> None:
    found = translation(QueueError, refused("AccessDenied"))
    assert found.__cause__ is None
    assert found.__suppress_context__


def test_what_is_no_error_of_the_sdk_and_what_succeeds_passes() -> None:
    with translated(StoreError):
        done = True
    assert done
    with pytest.raises(ZeroDivisionError), translated(StoreError):
        _ = 1 / 0
