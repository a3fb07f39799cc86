"""Transactions, and their conflicts with others who write to the same items."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.dynamodb import Table, transact
from discord_diffusion.aws.errors import (
    StoreError,
    StoreUnavailableError,
    TransactionRefusedError,
)

WRITE = {"Put": {"TableName": "jobs", "Item": {"id": {"S": "1"}}}}


@pytest.fixture
def table() -> Table:
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return Table("jobs", client=client)


@pytest.fixture
def answers(table: Table) -> Iterator[Stubber]:
    """The emulator answers one call after the other, so that nothing ever conflicts there."""
    with Stubber(table.client) as stubber:
        yield stubber


def cancel(answers: Stubber, *codes: str) -> None:
    """Let DynamoDB cancel the next transaction for these reasons, one a write."""
    answers.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_a_conflicting_transaction_is_retried(table: Table, answers: Stubber) -> None:
    for _ in range(3):
        cancel(answers, "None", "TransactionConflict")
    answers.add_response("transact_write_items", {})
    transact(table, [WRITE], retry_seconds=60)
    answers.assert_no_pending_responses()


def test_a_lasting_conflict_means_that_the_table_is_unavailable(
    table: Table, answers: Stubber
) -> None:
    cancel(answers, "TransactionConflict")
    with pytest.raises(StoreUnavailableError, match=r"^TransactionConflict$"):
        transact(table, [WRITE], retry_seconds=-1)


def test_a_write_whose_condition_fails_is_named_and_not_retried(
    table: Table, answers: Stubber
) -> None:
    cancel(answers, "TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(TransactionRefusedError) as refused:
        transact(table, [WRITE], retry_seconds=60)
    assert refused.value.index == 1


def test_a_transaction_that_is_cancelled_for_another_reason_is_an_error(
    table: Table, answers: Stubber
) -> None:
    cancel(answers, "ValidationError", "None", "ItemCollectionSizeLimitExceeded")
    reasons = r"^ItemCollectionSizeLimitExceeded, ValidationError$"
    with pytest.raises(StoreError, match=reasons):
        transact(table, [WRITE], retry_seconds=60)


def test_a_transaction_that_dynamodb_does_not_take_is_an_error(
    table: Table, answers: Stubber
) -> None:
    answers.add_client_error("transact_write_items", "AccessDeniedException")
    with pytest.raises(StoreError, match=r"^AccessDeniedException$"):
        transact(table, [WRITE], retry_seconds=60)
