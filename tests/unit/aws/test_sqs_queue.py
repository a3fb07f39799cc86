"""Both sides of the queue, with the SDK's own client against a small HTTP server."""

import re
import traceback
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from discord_diffusion.aws.deadline import ANSWER_SECONDS, Deadline
from discord_diffusion.aws.errors import QueueError, QueueUnavailableError, ReceiptLostError
from discord_diffusion.aws.queue import JobQueue, JobSender, QueueDepth, QueueReader
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from tests.unit.aws.aws_server import BUSY, OK, Answer, AwsServer, serve

URL = "https://sqs.eu-north-1.amazonaws.com/000000000000/jobs.fifo"

JOB = Job(
    id="1127000000000000000",
    application_id="2",
    token="a-secret-token",
    user_id="3",
    locale="en-US",
    parameters=GenerationParameters("a red circle 🔴\ufffe", 42, 12, 3.0, 64, 64, 4),
)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with serve() as state:
        for name, value in state.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        yield state


def refusal(code: str, status: int = 400) -> Answer:
    return (status, {"__type": f"com.amazonaws.sqs#{code}", "message": "no"})


def dropped() -> Answer:
    return (0, {})


@pytest.fixture
def stalled() -> Iterator[Callable[[], Answer]]:
    """An answer that comes only after the test."""
    ended = Event()

    def answer() -> Answer:
        ended.wait()
        return dropped()

    yield answer
    ended.set()


def longest_call(client: Any) -> float:
    """How many seconds a call takes at most, by the client's own timeouts."""
    config = client.meta.config
    assert config.retries["total_max_attempts"] == 1
    return float(config.connect_timeout + config.read_timeout)


def test_a_job_is_sent_in_its_users_group_and_deduplicated_by_its_interaction(
    sqs: AwsServer,
) -> None:
    JobSender(URL).send(JOB)
    ((action, sent),) = sqs.calls
    assert action == "SendMessage"
    assert sent["QueueUrl"] == URL
    assert sent["MessageGroupId"] == "3"
    assert sent["MessageDeduplicationId"] == "1127000000000000000"
    assert Job.from_json(sent["MessageBody"]) == JOB


def test_a_body_holds_only_characters_that_sqs_takes(sqs: AwsServer) -> None:
    JobSender(URL).send(JOB)
    assert sqs.calls[0][1]["MessageBody"].isascii()


def test_the_region_is_the_queues_own_else_the_one_that_is_set(sqs: AwsServer) -> None:
    JobSender(URL, region="us-west-2").send(JOB)
    JobQueue(URL, wait_seconds=0).delete("receipt")
    unnamed = f"{sqs.endpoint}/000000000000/jobs.fifo"
    JobSender(unnamed, region="us-west-2").send(JOB)
    queue = JobQueue(unnamed, wait_seconds=0, region="us-west-2")
    queue.receive()
    queue.extend("receipt", 30)
    queue.delete("receipt")
    regions = [re.findall(r"/([a-z]+-[a-z]+-\d)/sqs/", header)[0] for header in sqs.authorizations]
    assert regions == ["eu-north-1", "eu-north-1", *["us-west-2"] * 4]


def test_a_delayed_message_counts_among_those_that_can_be_received(sqs: AwsServer) -> None:
    counts = {
        "ApproximateNumberOfMessages": "20",
        "ApproximateNumberOfMessagesDelayed": "3",
        "ApproximateNumberOfMessagesNotVisible": "7",
    }
    sqs.answers = [(200, {"Attributes": counts})]
    assert QueueReader(URL).depth() == QueueDepth(visible=23, in_flight=7)
    assert sqs.calls == [("GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": [*counts]})]


@pytest.mark.parametrize("first", [BUSY, refusal("RequestThrottled"), dropped])
def test_a_send_that_fails_early_is_tried_a_second_time(
    sqs: AwsServer, first: Answer | Callable[[], Answer]
) -> None:
    sqs.answers = [first, OK]
    JobSender(URL, deadline=Deadline(clock=lambda: 0.0)).send(JOB)
    assert len(sqs.calls) == 2


def test_a_send_that_sqs_refuses_for_good_is_not_repeated(sqs: AwsServer) -> None:
    sqs.answers = [refusal("QueueDoesNotExist"), OK]
    with pytest.raises(QueueError, match="QueueDoesNotExist"):
        JobSender(URL, deadline=Deadline(60)).send(JOB)
    assert len(sqs.calls) == 1


def test_a_send_that_fails_late_is_not_tried_again(sqs: AwsServer) -> None:
    now = iter((0.0, 1.3, 1.5))
    sqs.answers = [dropped, OK]
    with pytest.raises(QueueUnavailableError):
        JobSender(URL, deadline=Deadline(clock=lambda: next(now))).send(JOB)
    assert len(sqs.calls) == 1


def test_a_send_to_a_queue_that_hangs_fails_in_time_for_an_apology(
    sqs: AwsServer, stalled: Callable[[], Answer]
) -> None:
    sqs.answers = [stalled]
    sender = JobSender(URL, deadline=Deadline(clock=lambda: 0.0))
    with pytest.raises(QueueUnavailableError):
        sender.send(JOB)
    assert len(sqs.calls) == 2
    assert 2 * longest_call(sender._client) <= ANSWER_SECONDS


def test_a_send_after_a_depth_from_a_queue_that_hangs_fails_in_time_too(
    sqs: AwsServer, stalled: Callable[[], Answer]
) -> None:
    sqs.answers = [stalled]
    # The answer begins, the first call, its repeat, and the time after that.
    now = iter((0.0, 0.0, 1.2, 2.4))
    sender = JobSender(URL, deadline=Deadline(clock=lambda: next(now)))
    for call in (sender.depth, lambda: sender.send(JOB)):
        with pytest.raises(QueueUnavailableError):
            call()
    assert [action for action, _ in sqs.calls] == ["GetQueueAttributes"] * 2


def test_a_send_to_a_queue_that_cannot_be_reached_fails(
    sqs: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(QueueUnavailableError):
        JobSender(URL).send(JOB)


@pytest.mark.parametrize(
    "call",
    [
        lambda: QueueReader(URL).depth(),
        lambda: JobQueue(URL, wait_seconds=0).receive(),
        lambda: JobQueue(URL, wait_seconds=0).release("r"),
        lambda: JobQueue(URL, wait_seconds=0).delete("r"),
    ],
    ids=["depth", "receive", "release", "delete"],
)
def test_a_call_that_sqs_refuses_is_an_error_of_the_queue(
    sqs: AwsServer, call: Callable[[], object]
) -> None:
    sqs.answers = [refusal("AccessDenied")]
    with pytest.raises(QueueError, match="AccessDenied"):
        call()


def test_no_error_quotes_the_token(sqs: AwsServer) -> None:
    for answer in (refusal("InvalidMessageContents"), (500, {"message": JOB.token})):
        sqs.answers = [answer]
        with pytest.raises(QueueError) as refused:
            JobSender(URL).send(JOB)
        assert JOB.token not in "".join(traceback.format_exception(refused.value))


def test_a_received_message_has_its_group_and_how_often_it_was_received(sqs: AwsServer) -> None:
    message: dict[str, Any] = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": JOB.to_json(),
        "Attributes": {
            "ApproximateReceiveCount": "2",
            "MessageGroupId": "3",
            "SentTimestamp": "1700000000500",
        },
    }
    sqs.answers = [(200, {"Messages": [message]})]
    (received,) = JobQueue(URL, wait_seconds=7).receive()
    assert (received.message_id, received.receipt_handle) == ("m-1", "r-1")
    assert (received.receive_count, received.group_id) == (2, "3")
    assert received.sent_at == 1_700_000_000.5
    assert Job.from_json(received.body) == JOB
    asked = sqs.calls[0][1]
    assert asked.pop("ReceiveRequestAttemptId")
    assert asked == {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 1,
        "WaitTimeSeconds": 7,
        "MessageSystemAttributeNames": [*message["Attributes"]],
    }


def test_a_poll_may_be_shorter_than_usual_but_not_longer(sqs: AwsServer) -> None:
    queue = JobQueue(URL, wait_seconds=7)
    for seconds in (None, 0, 3, 9):
        assert queue.receive(wait_seconds=seconds) == []
    assert [asked["WaitTimeSeconds"] for _, asked in sqs.calls] == [7, 0, 3, 7]


@pytest.mark.parametrize(("name", "seconds"), [("_client", 5), ("_poller", 17)])
def test_the_worker_waits_longer_for_a_poll_and_tries_each_call_four_times(
    sqs: AwsServer, name: str, seconds: int
) -> None:
    config = getattr(JobQueue(URL, wait_seconds=7), name).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, seconds)
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}


def test_a_reader_for_whom_nobody_waits_leaves_the_repeat_to_the_sdk(sqs: AwsServer) -> None:
    client: Any = QueueReader(URL)._client
    assert client.meta.config.retries["total_max_attempts"] == 2


def test_a_receive_whose_answer_was_lost_asks_for_the_same_messages(sqs: AwsServer) -> None:
    sqs.answers = [dropped, OK]
    assert JobQueue(URL, wait_seconds=0).receive() == []
    first, second = (asked["ReceiveRequestAttemptId"] for _, asked in sqs.calls)
    assert first == second


def test_a_message_is_extended_released_and_deleted_by_its_receipt_handle(sqs: AwsServer) -> None:
    queue = JobQueue(URL, wait_seconds=0)
    queue.extend("r", 30)
    queue.release("r")
    queue.delete("r")
    assert [(action, asked.get("VisibilityTimeout")) for action, asked in sqs.calls] == [
        ("ChangeMessageVisibility", 30),
        ("ChangeMessageVisibility", 0),
        ("DeleteMessage", None),
    ]
    assert all(asked["ReceiptHandle"] == "r" for _, asked in sqs.calls)


@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "MessageNotInflight"])
def test_an_expired_receipt_handle_has_an_error_of_its_own(sqs: AwsServer, code: str) -> None:
    sqs.answers = [refusal(code)]
    with pytest.raises(ReceiptLostError):
        JobQueue(URL, wait_seconds=0).extend("r", 30)


def test_an_extension_that_hangs_fails_in_time_for_another(
    sqs: AwsServer, stalled: Callable[[], Answer]
) -> None:
    sqs.answers = [stalled]
    kept = JobQueue(URL, wait_seconds=0)
    with pytest.raises(QueueUnavailableError):
        kept.extend("r", 30)
    assert len(sqs.calls) == 1
    assert longest_call(kept._keeper) <= 4
