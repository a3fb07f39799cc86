"""One stack for the whole run, on ports of its own: a person's `make local-up` may be running."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from mypy_boto3_sqs import SQSClient

from emulation.bootstrap.layout import Layout
from emulation.display import Display
from emulation.stack import down, processes, up
from emulation.stack.clients import client_options
from emulation.stack.environment import base_environment
from emulation.stack.options import FleetOptions, StackOptions
from emulation.stack.parts import EMULATOR_CREDENTIALS, WORKER_COMMAND
from emulation.stack.state import ProcessRecord, StackState, StateFolder
from emulation.stack.waiting import wait_until
from emulation.stand_in import StandIn

LAYOUT = Layout.of_this_checkout()
OPTIONS = StackOptions(
    aws_port=0,
    discord_port=0,
    # Paused: nothing starts workers but the tests.
    fleet=FleetOptions(minimum_tasks=0, maximum_tasks=0),
    environment="test",
    # Short, so that a job of a killed worker is received again within seconds.
    visibility_timeout_seconds=6,
)


@dataclass(frozen=True)
class Stack:
    """A running stack, as a test sees it."""

    state: StackState
    folder: StateFolder
    discord: StandIn
    sqs: SQSClient

    def queue_depth(self) -> tuple[int, int]:
        """Jobs waiting and jobs in work."""
        return self._depth(self.state.queue_url)

    def dead_letters(self) -> int:
        """Messages in the dead-letter queue."""
        return sum(self._depth(self.state.dead_letter_queue_url))

    def _depth(self, queue_url: str) -> tuple[int, int]:
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
        attributes = found["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack without a worker: tests start those they need."""
    folder = StateFolder(LAYOUT.build / "test-stack" / str(os.getpid()))
    with Display() as display:
        state = up.start(LAYOUT, folder, OPTIONS, display).state
    sqs = boto3.client("sqs", **client_options(state))
    yield Stack(state, folder, StandIn(state.discord_url), sqs)
    down.stop(folder)


_NUMBERS = itertools.count(1)
_READY_SECONDS = 120.0


class Workers:
    """Starts workers on a stack, each ready to work, and ends them."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._started: list[ProcessRecord] = []
        self._changes: dict[str, str] = {}

    def change(self, **environment: str) -> None:
        """Start workers with other variables from now on."""
        self._changes |= environment

    def start(self) -> ProcessRecord:
        """One more worker, with the environment of a task's container but for ECS's own."""
        name = f"worker-{next(_NUMBERS)}"
        state, folder = self._stack.state, self._stack.folder
        health, log = folder.health_file(name), folder.logs / f"{name}.log"
        env = base_environment() | EMULATOR_CREDENTIALS | state.worker_environment
        env |= {
            "AWS_ENDPOINT_URL": state.aws_endpoint,
            "AWS_REGION": state.region,
            "HEALTH_FILE": str(health),
        } | self._changes
        worker = processes.spawn(name, list(WORKER_COMMAND), env, log, cwd=LAYOUT.root)
        self._started.append(worker)

        def ready_or_dead() -> bool:
            return health.exists() or processes.find(worker) is None

        wait_until(ready_or_dead, name, _READY_SECONDS, lambda: processes.last_lines(log))
        assert processes.find(worker), processes.last_lines(log)
        return worker

    def end(self) -> None:
        """End all of them."""
        processes.terminate(tuple(self._started))


@pytest.fixture
def workers(stack: Stack) -> Iterator[Workers]:
    """Workers of one test's own, which may be killed."""
    workers = Workers(stack)
    yield workers
    workers.end()


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Iterator[ProcessRecord]:
    """One worker for all tests of a module that only need their jobs done."""
    workers = Workers(stack)
    yield workers.start()
    workers.end()


@pytest.fixture
def broken_queue(stack: Stack) -> Iterator[None]:
    """The function `interactions` with a queue that is not there, until the test ends."""
    client = boto3.client("lambda", **client_options(stack.state))
    name = stack.state.interactions_function_name
    kept = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    gone = stack.state.queue_url.replace(".fifo", "-gone.fifo")

    def set_environment(variables: dict[str, str]) -> None:
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
        client.get_waiter("function_updated_v2").wait(FunctionName=name)

    set_environment(kept | {"QUEUE_URL": gone})
    yield
    set_environment(kept)
