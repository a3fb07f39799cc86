"""The SQS FIFO queue of jobs: `JobSender` for the Lambdas, `JobQueue` for the worker."""

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from discord_diffusion.aws.clients import TWO_ATTEMPTS, client
from discord_diffusion.aws.deadline import Attempts, Deadline
from discord_diffusion.aws.errors import QueueError, translated
from discord_diffusion.jobs.job import Job

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DEDUPLICATION_SECONDS = 300
"""For how long a FIFO queue drops a message with the deduplication id of an earlier one.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html"""

# Two attempts end within the time of an answer, even if the first one hangs.
_ANSWER_CONFIG = Config(connect_timeout=0.4, read_timeout=0.8, retries={"total_max_attempts": 1})

_CONNECT_SECONDS = 5
_READ_SECONDS = 5
"""For calls that SQS answers at once."""
_POLL_MARGIN_SECONDS = 10
"""Added to the wait of a long poll, which must not look like a hanging connection."""

# A hanging extension must not lose the lease: it fails after 4 s at worst, which leaves time for a
# second try in a lease of 8 s or longer.
_LEASE_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class ReceivedMessage:
    """One message, held until its visibility timeout ends."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    group_id: str
    sent_at: float
    """Seconds since the epoch when it entered the queue."""


@dataclass(frozen=True)
class QueueDepth:
    """SQS's approximate counts of messages: those that can be received, and those in flight."""

    visible: int
    in_flight: int


class QueueReader:
    """Reads the queue's depth. Methods raise `QueueError` if SQS refuses or does not answer."""

    def __init__(
        self, queue_url: str, *, region: str | None = None, deadline: Deadline | None = None
    ) -> None:
        config = _ANSWER_CONFIG if deadline else TWO_ATTEMPTS
        self._url = queue_url
        self._client = _client(queue_url, region, config)
        self._attempts = Attempts.of(config, deadline)

    def depth(self) -> QueueDepth:
        """The number of messages."""
        with translated(QueueError):
            answer = self._attempts.make(
                lambda: self._client.get_queue_attributes(
                    QueueUrl=self._url,
                    AttributeNames=[
                        "ApproximateNumberOfMessages",
                        "ApproximateNumberOfMessagesDelayed",
                        "ApproximateNumberOfMessagesNotVisible",
                    ],
                )
            )
        counts = {name: int(value) for name, value in answer["Attributes"].items()}
        return QueueDepth(
            visible=counts["ApproximateNumberOfMessages"]
            + counts["ApproximateNumberOfMessagesDelayed"],
            in_flight=counts["ApproximateNumberOfMessagesNotVisible"],
        )


class JobSender(QueueReader):
    """The Lambda's side: reads the depth of the queue, and sends jobs."""

    def send(self, job: Job) -> None:
        """Send a job message in its user's group, deduplicated by the interaction's id.

        SQS drops a message that arrives twice.
        """
        with translated(QueueError):
            self._attempts.make(
                lambda: self._client.send_message(
                    QueueUrl=self._url,
                    MessageBody=job.to_json(),
                    MessageGroupId=job.user_id,
                    MessageDeduplicationId=job.id,
                )
            )


class JobQueue:
    """The worker's side. Safe to share between threads, as botocore's clients are.

    Methods raise `QueueError` if SQS refuses or does not answer.
    """

    def __init__(self, queue_url: str, *, wait_seconds: int, region: str | None = None) -> None:
        self._url = queue_url
        self._wait_seconds = wait_seconds
        self._client = _client(queue_url, region, _config(_READ_SECONDS))
        self._keeper = _client(queue_url, region, _LEASE_CONFIG)
        self._poller = _client(queue_url, region, _config(wait_seconds + _POLL_MARGIN_SECONDS))

    def receive(self, *, wait_seconds: int | None = None) -> list[ReceivedMessage]:
        """Long-poll for a message; an empty list if none arrives.

        It receives one message at a time: two messages of a group are never held together, and SQS
        keeps the order within a group. `wait_seconds` can only shorten the usual wait.
        """
        usual = self._wait_seconds
        with translated(QueueError):
            answer = self._poller.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=usual if wait_seconds is None else min(usual, wait_seconds),
                # If the answer is lost, the SDK's retry receives the same messages by this id.
                ReceiveRequestAttemptId=uuid.uuid4().hex,
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "MessageGroupId",
                    "SentTimestamp",
                ],
            )
        return [_message(dict(raw)) for raw in answer.get("Messages", [])]

    def extend(self, receipt_handle: str, seconds: int) -> None:
        """Keep the message for `seconds` from now, in one call of 4 s at most.

        Raises:
            ReceiptLostError: it is no longer ours.
        """
        self._change_visibility(self._keeper, receipt_handle, seconds)

    def release(self, receipt_handle: str, delay_seconds: int = 0) -> None:
        """Release the message, so that it can be received again after the delay."""
        self._change_visibility(self._client, receipt_handle, delay_seconds)

    def _change_visibility(self, client: "SQSClient", receipt_handle: str, seconds: int) -> None:
        with translated(QueueError):
            client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )

    def delete(self, receipt_handle: str) -> None:
        """Delete the message.

        Raises:
            ReceiptLostError: it is no longer ours.
        """
        with translated(QueueError):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt_handle)


def _config(read_seconds: int) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 4},
    )


def _client(queue_url: str, region: str | None, config: Config) -> "SQSClient":
    """A client for the region that the queue's address names, else for the one given."""
    named = re.match(r"https?://sqs\.([a-z0-9-]+)\.", queue_url)
    made: SQSClient = client("sqs", region=named[1] if named else region, config=config)
    return made


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
