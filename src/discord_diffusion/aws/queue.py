"""The SQS FIFO queue of jobs: how the Lambda fills it and the worker drains it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from discord_diffusion.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Discord waits 3 s for an answer: two tries of this length leave time for an apology.
_SEND_CONFIG = Config(
    connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2}
)
_LOST = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})
"""What SQS says of a receipt handle that is no longer good, by API version.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""


class QueueError(Exception):
    """SQS did not do what it was asked; the text is its error code, or the kind of failure."""


class ReceiptLostError(QueueError):
    """The receipt handle has expired: the message is no longer ours."""


@dataclass(frozen=True)
class ReceivedMessage:
    """One message, leased until its visibility timeout ends."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    group_id: str
    sent_at: float
    """Seconds since the epoch when it entered the queue."""


class JobSender:
    """The Lambda's side."""

    def __init__(self, queue_url: str, client: "SQSClient | None" = None) -> None:
        self._url = queue_url
        self._client = client or boto3.client("sqs", config=_SEND_CONFIG)

    def send(self, job: Job) -> None:
        """Put a job in its user's group. A second one of the same interaction is dropped by SQS.

        Raises:
            QueueError: SQS refused it or did not answer in time.
        """
        with _translated():
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=job.to_json(),
                MessageGroupId=job.user_id,
                MessageDeduplicationId=job.id,
            )


class JobQueue:
    """The worker's side. Safe to share between threads, as botocore's clients are."""

    def __init__(
        self, queue_url: str, *, wait_seconds: int, client: "SQSClient | None" = None
    ) -> None:
        self._url = queue_url
        self._wait_seconds = wait_seconds
        # A long poll must not look like a connection that hangs.
        config = Config(
            read_timeout=wait_seconds + 10, retries={"mode": "standard", "total_max_attempts": 4}
        )
        self._client = client or boto3.client("sqs", config=config)

    def receive(self, *, max_messages: int = 1) -> list[ReceivedMessage]:
        """Long-poll for messages; none after the wait is an empty list.

        Raises:
            QueueError: SQS did not answer well.
        """
        with _translated():
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=max_messages,
                WaitTimeSeconds=self._wait_seconds,
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "MessageGroupId",
                    "SentTimestamp",
                ],
            )
        return [_message(dict(one)) for one in answer.get("Messages", [])]

    def extend(self, receipt_handle: str, seconds: int) -> None:
        """Keep the message for `seconds` from now.

        Raises:
            ReceiptLostError: it is no longer ours.
            QueueError: SQS did not answer well.
        """
        with _translated():
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )

    def release(self, receipt_handle: str, delay_seconds: int = 0) -> None:
        """Give the message back, to be received again after the delay.

        Raises:
            QueueError: as `extend`.
        """
        self.extend(receipt_handle, delay_seconds)

    def delete(self, receipt_handle: str) -> None:
        """Take the message out of the queue for good.

        Raises:
            ReceiptLostError: it is no longer ours.
            QueueError: SQS did not answer well.
        """
        with _translated():
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt_handle)


def _message(raw: dict[str, Any]) -> ReceivedMessage:
    attributes = raw["Attributes"]
    return ReceivedMessage(
        message_id=raw["MessageId"],
        receipt_handle=raw["ReceiptHandle"],
        body=raw["Body"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        group_id=attributes["MessageGroupId"],
        sent_at=int(attributes["SentTimestamp"]) / 1000,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn botocore's errors into ours; theirs may quote a request that holds a token."""
    failure: QueueError
    try:
        yield
        return
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown")).rsplit(".", 1)[-1]
        failure = ReceiptLostError(code) if code in _LOST else QueueError(code)
    except BotoCoreError as error:
        failure = QueueError(type(error).__name__)
    raise failure
