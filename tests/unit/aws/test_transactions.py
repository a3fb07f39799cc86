"""Several writes as one, against others who write to the same items."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_dynamodb import DynamoDBClient

from discord_diffusion.aws.dynamodb import StoreError, StoreUnavailableError
from discord_diffusion.aws.transactions import TransactionRefusedError, transact

WRITE = {"Put": {"TableName": "jobs", "Item": {"id": {"S": "1"}}}}


@pytest.fixture
def client() -> DynamoDBClient:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def answers(client: DynamoDBClient) -> Iterator[Stubber]:
    """The emulator answers one call after the other, so that nothing ever conflicts there."""
    with Stubber(client) as stubber:
        yield stubber


def cancelled(answers: Stubber, *codes: str) -> None:
    answers.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_those_who_write_at_the_same_time_are_waited_for(
    client: DynamoDBClient, answers: Stubber
) -> None:
    for _ in range(3):
        cancelled(answers, "None", "TransactionConflict")
    answers.add_response("transact_write_items", {})
    transact(client, [WRITE], patience_seconds=60)
    answers.assert_no_pending_responses()


def test_where_others_always_win_nothing_is_written(
    client: DynamoDBClient, answers: Stubber
) -> None:
    cancelled(answers, "TransactionConflict")
    with pytest.raises(StoreUnavailableError):
        transact(client, [WRITE], patience_seconds=-1)


def test_a_condition_that_does_not_hold_is_named_and_not_tried_again(
    client: DynamoDBClient, answers: Stubber
) -> None:
    cancelled(answers, "TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(TransactionRefusedError) as refused:
        transact(client, [WRITE], patience_seconds=60)
    assert refused.value.index == 1


def test_any_other_reason_is_an_error(client: DynamoDBClient, answers: Stubber) -> None:
    cancelled(answers, "ItemCollectionSizeLimitExceeded")
    with pytest.raises(StoreError, match="ItemCollectionSizeLimitExceeded"):
        transact(client, [WRITE], patience_seconds=60)
