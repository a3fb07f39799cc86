"""Calls while an answer is due are repeated on a new connection, and never beyond its time."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from discord_diffusion.aws import state_machines
from discord_diffusion.aws.deadline import ANSWER_SECONDS, Attempts, Deadline
from discord_diffusion.aws.dynamodb import Table, transact
from discord_diffusion.aws.errors import AwsError, StoreError, StoreUnavailableError
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.aws.state_machines import StateMachine
from tests.unit.aws.aws_server import EMPTY, Answer, AwsServer, serve

RESET, SILENT = "reset", "silent"
WRITE = {"Put": {"TableName": "jobs", "Item": {"id": {"S": "1"}}}}
THROTTLED: Answer = (400, {"__type": "ThrottlingException"})
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/000000000000/jobs.fifo"


@dataclass
class FreezingAws:
    """AWS as a function sees it that was frozen: kept connections are dead, new ones work."""

    how: str = ""
    """How kept connections are dead."""
    endpoint: str = ""
    actions: list[str] = field(default_factory=list)


@contextmanager
def freezing() -> Iterator[FreezingAws]:
    state = FreezingAws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        answered = False

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.answered and state.how == RESET:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
                return
            if self.answered and state.how == SILENT:
                time.sleep(3)
                self.close_connection = True
                return
            self.answered = True
            action = self.headers["X-Amz-Target"].split(".")[-1]
            state.actions.append(action)
            payload = json.dumps(EMPTY[action][1]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def set_environment(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name, value in AwsServer(endpoint).environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[FreezingAws]:
    with freezing() as state:
        set_environment(monkeypatch, state.endpoint)
        yield state


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with serve() as state:
        set_environment(monkeypatch, state.endpoint)
        yield state


def table(deadline: Deadline) -> Table:
    return Table("jobs", region="us-east-1", deadline=deadline)


def read(deadline: Deadline) -> Callable[[], object]:
    made = table(deadline)
    return lambda: made.get_item("1")


def write(deadline: Deadline) -> Callable[[], object]:
    made = table(deadline)
    return lambda: transact(made, [WRITE], retry_seconds=0.8)


def wake(deadline: Deadline) -> Callable[[], object]:
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:wake"
    state_machines._client.cache_clear()  # that of another test calls another server
    return StateMachine(arn, deadline, region="us-east-1").start


def depth(deadline: Deadline) -> Callable[[], object]:
    return JobSender(QUEUE_URL, deadline=deadline).depth


@pytest.mark.parametrize("how", [RESET, SILENT])
@pytest.mark.parametrize("client", [read, write, wake, depth])
def test_a_call_on_a_connection_that_died_while_the_function_was_frozen_succeeds(
    frozen: FreezingAws, client: Callable[[Deadline], Callable[[], object]], how: str
) -> None:
    deadline = Deadline(60)
    call = client(deadline)
    call()
    frozen.how = how
    deadline.begin()
    call()
    assert len(frozen.actions) == 2


def test_a_throttled_call_is_repeated_once_while_there_is_time(aws: AwsServer) -> None:
    aws.answers = [THROTTLED, (200, {})]
    assert table(Deadline(60)).get_item("1") is None
    aws.answers = [THROTTLED]
    with pytest.raises(StoreUnavailableError, match="ThrottlingException"):
        table(Deadline(60)).get_item("1")
    assert len(aws.calls) == 4


def test_a_call_is_in_time_if_it_ends_when_the_answer_is_due_and_not_later() -> None:
    now = [10.0]
    deadline = Deadline(2, clock=lambda: now[0])
    now[0] = 10.5
    assert [deadline.allows(seconds) for seconds in (1.5, 1.75)] == [True, False]
    deadline.begin()
    assert [deadline.allows(seconds) for seconds in (2, 2.25)] == [True, False]


THROTTLING = ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem")
CONNECTION_LOST = ConnectionClosedError(endpoint_url="https://aws.example")


@pytest.mark.parametrize(
    ("error", "failed_at", "repeat", "pauses"),
    [
        # AWS gets a moment; a dead connection is replaced at once.
        (THROTTLING, 0.5, True, [0.05]),
        (CONNECTION_LOST, 0.5, True, [0.0]),
        # The repeat takes 1 s at worst of the 2 s, the pause comes first.
        (CONNECTION_LOST, 1.0, True, [0.0]),
        (THROTTLING, 1.0, True, None),
        (CONNECTION_LOST, 1.25, True, None),
        (CONNECTION_LOST, 0.0, False, None),
        (THROTTLING, 0.0, False, None),
    ],
)
def test_a_call_that_fails_is_repeated_if_the_repeat_ends_in_time(
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    failed_at: float,
    repeat: bool,
    pauses: list[float] | None,
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(time, "sleep", paused.append)
    now = [0.0]
    outcomes = [error, "found"]

    def call() -> str:
        now[0] = failed_at
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return str(outcome)

    attempts = Attempts(Deadline(2, clock=lambda: now[0]), seconds=1)
    if pauses is None:
        with pytest.raises(type(error)) as raised:
            attempts.make(call, repeat=repeat)
        assert raised.value is error
        assert outcomes == ["found"]
    else:
        assert attempts.make(call, repeat=repeat) == "found"
    assert paused == (pauses or [])


def test_a_call_that_nobody_waits_for_is_repeated_twice_by_the_sdk(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = "botocore.retries.standard.ExponentialBackoff.delay_amount"
    monkeypatch.setattr(pause, lambda *_: 0.0)
    aws.answers = [THROTTLED, THROTTLED, (200, {})]
    assert Table("jobs", region="us-east-1").get_item("1") is None
    assert len(aws.calls) == 3


def test_a_refused_call_is_not_repeated(aws: AwsServer) -> None:
    aws.answers = [(400, {"__type": "AccessDeniedException"})]
    with pytest.raises(StoreError, match="AccessDeniedException"):
        table(Deadline(60)).get_item("1")
    assert len(aws.calls) == 1


def test_the_repeat_of_a_transaction_has_the_token_of_the_first_attempt(aws: AwsServer) -> None:
    aws.answers = [(0, {}), (200, {})]
    transact(table(Deadline(60)), [WRITE], retry_seconds=0)
    first, second = (body["ClientRequestToken"] for _, body in aws.calls)
    assert first == second
    transact(table(Deadline(60)), [WRITE], retry_seconds=0)
    assert aws.calls[-1][1]["ClientRequestToken"] != first, "another transaction has another one"


def test_no_call_is_made_that_might_end_after_the_answer_is_due(aws: AwsServer) -> None:
    made = table(Deadline(seconds=0.5))
    with pytest.raises(StoreUnavailableError, match="TimeIsUpError"):
        made.get_item("1")
    assert aws.calls == []


def test_all_calls_of_an_answer_together_keep_to_its_time_when_nothing_answers(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, made = threading.Event(), Attempts.make
    spent = 0.0

    def make(self: Attempts, call: Callable[[], object], *, repeat: bool = True) -> object:
        def attempt() -> object:
            nonlocal spent
            spent += self.seconds  # as long as it may take, however long it does
            return call()

        return made(self, attempt, repeat=repeat)

    def hang() -> Answer:
        over.wait(60)
        return (200, {})

    monkeypatch.setattr(Attempts, "make", make)
    aws.answers = [hang]
    deadline = Deadline(clock=lambda: spent)
    calls = [client(deadline) for client in (read, depth, write, wake)]
    deadline.begin()
    for call in calls:
        with pytest.raises(AwsError):
            call()
    over.set()
    assert 0 < spent <= ANSWER_SECONDS


def test_keys_that_dynamodb_left_out_are_asked_for_again(aws: AwsServer) -> None:
    fleet, pace = {"id": {"S": "fleet"}}, {"id": {"S": "pace"}}
    left = {"jobs": {"Keys": [pace], "ConsistentRead": False}}
    aws.answers = [
        (200, {"Responses": {"jobs": [fleet]}, "UnprocessedKeys": left}),
        (200, {"Responses": {"jobs": [pace]}}),
    ]
    found = table(Deadline(60)).batch_get_item(["fleet", "pace"], consistent=False)
    assert found == {"fleet": fleet, "pace": pace}
    assert [body["RequestItems"]["jobs"]["Keys"] for _, body in aws.calls] == [
        [fleet, pace],
        [pace],
    ]


def test_keys_that_dynamodb_leaves_out_for_good_are_not_taken_for_missing(aws: AwsServer) -> None:
    left = {"jobs": {"Keys": [{"id": {"S": "fleet"}}]}}
    aws.answers = [(200, {"Responses": {}, "UnprocessedKeys": left})]
    with pytest.raises(StoreUnavailableError, match=r"^UnprocessedKeys$"):
        table(Deadline(60)).batch_get_item(["fleet"], consistent=False)
