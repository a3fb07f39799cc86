"""One stack for the whole run, on ports of its own: a person's `make local-up` may be running."""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from mypy_boto3_sqs import SQSClient

from emulation.rig.docker import stack as containers
from emulation.rig.emulator_client import (
    CREDENTIALS,
    FleetAgentClient,
    client_options,
    rights_report,
)
from emulation.rig.host import processes
from emulation.rig.host import stack as host
from emulation.rig.host.parts import TASK_LOGS, TELEMETRY
from emulation.rig.host.processes import base_environment
from emulation.rig.options import EMBEDDED_MODEL, FleetOptions, StackOptions
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import ProcessRecord, StackState, StateFolder
from emulation.rig.terraform import Terraform
from emulation.rig.waiting import wait_until
from tests import aws_stack, container_stack
from tests.targets import AWS, DOCKER, EMULATOR, HOST, TARGET
from tests.worker_forks import WorkerForks
from toolchain.display import Display
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
MODELS = {
    "shapes": {
        "model": str(LAYOUT.root / EMBEDDED_MODEL),
        "scheduler": "DDIMScheduler",
        "steps": 6,
        "guidance": 2.5,
        "max_pixels": 128 * 128,
    }
}
"""The models that a job may name: the embedded model with other settings."""
LORAS = {
    "parchment": {
        "lora": str(LAYOUT.root / EMBEDDED_MODEL / "loras" / "parchment"),
        "models": ["shapes"],
    }
}
"""For that model alone, since loading one takes every worker a part of a second."""
ANSWER_SECONDS = 25.0
"""How long tests wait for the first response; Discord waits 3 s, which a loaded machine may miss.

That Discord stops waiting is tested in the stand-in, and what an answer takes is measured by
`make bench`.
"""
OPTIONS = StackOptions(
    aws_port=0,
    discord_port=0,
    # Paused: nothing starts workers but the tests.
    fleet=FleetOptions(minimum_tasks=0, maximum_tasks=0),
    environment="test",
    # Short, so that a job of a killed worker is received again within seconds.
    visibility_timeout_seconds=6,
    answer_seconds=ANSWER_SECONDS,
    variables={"worker": {"models": MODELS, "loras": LORAS}} if TARGET == HOST else {},
    enforces_iam=TARGET == HOST,
    emulator=EMULATOR,
)
MISSING_QUEUE = "-gone.fifo"
"""The end of a queue's name that no function may use, and that is not there (`broken_queue`)."""


@dataclass(frozen=True)
class Stack:
    """A running stack, as a test sees it."""

    state: StackState
    folder: StateFolder
    discord: StandInClient
    sqs: SQSClient
    forks: WorkerForks = field(default_factory=WorkerForks)

    def set_alarm_speed(self, speed: float) -> None:
        """Divide the times of the scaling loop from now on; on AWS nothing does."""
        if self.state.target != AWS:
            FleetAgentClient(self.state.aws_endpoint).change("settings", alarm_speed=speed)

    def queue_depth(self) -> tuple[int, int]:
        """The numbers of waiting jobs and of jobs in work."""
        return self._depth(self.state.queue_url)

    def empty_queue(self) -> None:
        """Drop jobs that a killed worker may have held: they would be received again later."""
        self.sqs.purge_queue(QueueUrl=self.state.queue_url)

    def dead_letters(self) -> int:
        """Messages in the dead-letter queue."""
        return sum(self._depth(self.state.dead_letter_queue_url))

    def is_handled(self, letter: str) -> bool:
        """Whether `dead_letters` has handled a message, by the id of the job or of the message."""
        logs = boto3.client("logs", **_options(self.state)).get_paginator("filter_log_events")
        group = f"/aws/lambda/{self.state.function_names['dead_letters']}"
        events = [one for page in logs.paginate(logGroupName=group) for one in page["events"]]
        return any("A dead letter" in one["message"] and letter in one["message"] for one in events)

    @contextmanager
    def no_answer_edited(self) -> Iterator[None]:
        """No job ends meanwhile: Discord takes its time to say that it is called too often.

        Workers are patient for a minute of pauses, in which the answers' own time does not count.
        """
        faults: dict[str, dict[str, object]] = {
            "slow": {"path": "/webhooks/", "seconds": 3.0},
            "rate_limited": {"path": "/webhooks/", "seconds": 1.0},
        }
        self.discord.set_chaos(faults)
        try:
            yield
        finally:
            self.discord.set_chaos({})

    @contextmanager
    def changed_function(self, name: str, **variables: str) -> Iterator[None]:
        """One of the functions with other environment variables, until the context ends."""
        client = boto3.client("lambda", **_options(self.state))
        function = self.state.function_names[name]
        found = client.get_function_configuration(FunctionName=function)
        kept = found["Environment"]["Variables"]

        def set_environment(changed: dict[str, str]) -> None:
            client.update_function_configuration(
                FunctionName=function, Environment={"Variables": changed}
            )
            client.get_waiter("function_updated_v2").wait(FunctionName=function)

        set_environment(kept | variables)
        try:
            yield
        finally:
            set_environment(kept)

    def end_telemetry(self) -> None:
        """End what reports to the operations page: each report costs, and no more test looks."""
        if self.state.target == HOST:
            ended = [one for one in self.state.processes if one.name == TELEMETRY]
            processes.terminate(tuple(ended))

    def plan_is_empty(self) -> bool:
        """Whether Terraform would change nothing."""
        if self.state.target == DOCKER:
            return container_stack.plan_is_empty(self.state)
        return Terraform(LAYOUT, self.folder.path / "terraform").is_up_to_date()

    def task_logs(self) -> list[str]:
        """The logs of the fleet's tasks."""
        if self.state.target == DOCKER:
            return [container_stack.task_logs(self.state)]
        return [path.read_text() for path in self.folder.logs.glob(TASK_LOGS)]

    def _depth(self, queue_url: str) -> tuple[int, int]:
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
        attributes = found["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack without a worker: tests start those they need.

    Its scaling loop, which has nothing to scale, looks as seldom as on AWS (`fast_scaling_loop`).
    """
    with running("test-stack", OPTIONS) as stack:
        stack.set_alarm_speed(1)
        yield stack


@contextmanager
def running(name: str, options: StackOptions) -> Iterator[Stack]:
    """A stack of the target's with a folder of its own; on AWS the deployment that is there.

    On target `host` it is restored where there is a snapshot.
    """
    folder = StateFolder(LAYOUT.build / name / str(os.getpid()))
    state = _started(folder, options)
    try:
        sqs = boto3.client("sqs", **_options(state))
        stack = Stack(state, folder, StandInClient(state.discord_url), sqs)
        try:
            yield stack
        finally:
            stack.forks.close()
        if options.enforces_iam:
            assert denials(state) == []
    finally:
        if TARGET == DOCKER:
            containers.stop(LAYOUT, folder)
            assert container_stack.leftovers(state.project) == []
        elif TARGET != AWS:
            host.stop(folder)


def denials(state: StackState) -> list[str]:
    """Requests that IAM denied, but for those about a queue that is not there."""
    found = rights_report(state.aws_endpoint)
    assert found.enforced
    assert found.denied == len(found.denials), "more were denied than the emulator keeps"
    return [one for one in found.denials if MISSING_QUEUE not in one]


def _options(state: StackState) -> dict[str, Any]:
    return {} if TARGET == AWS else {**client_options(state)}


def _started(folder: StateFolder, options: StackOptions) -> StackState:
    if TARGET == AWS:
        return aws_stack.state()
    with Display() as display:
        if TARGET == DOCKER:
            return containers.start(LAYOUT, folder, options, display)
        return host.start(LAYOUT, folder, options, display)[0]


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
        env = base_environment() | self._credentials() | state.worker_environment
        env |= {
            "AWS_ENDPOINT_URL": state.aws_endpoint,
            "AWS_REGION": state.region,
            "HEALTH_FILE": str(health),
        } | self._changes
        worker = self._stack.forks.start(name, env, log)
        self._started.append(worker)

        def ready_or_dead() -> bool:
            return health.exists() or processes.find(worker) is None

        wait_until(ready_or_dead, name, _READY_SECONDS, lambda: processes.last_lines(log))
        assert processes.find(worker), processes.last_lines(log)
        return worker

    def _credentials(self) -> dict[str, str]:
        """With IAM the worker has the rights of a task's role, else all."""
        state = self._stack.state
        if not state.options.get("enforces_iam"):
            return CREDENTIALS
        path = f"/_emulator/iam/credentials/ecs-tasks/{state.ecs_cluster_name}-task"
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": state.aws_endpoint + path}

    def send(self, worker: ProcessRecord, number: signal.Signals) -> None:
        """Send a signal to a worker."""
        os.kill(worker.pid, number)

    def alive(self, worker: ProcessRecord) -> bool:
        """Whether a worker has not ended."""
        return processes.find(worker) is not None

    def end(self) -> None:
        """End all of them."""
        processes.terminate(tuple(self._started))


class WorkersInContainers(Workers):
    """The same in containers, each beside the emulator's."""

    def start(self) -> ProcessRecord:
        """One more worker."""
        name = f"worker-{next(_NUMBERS)}"
        state = self._stack.state
        self._started.append(container_stack.start_worker(state, name, self._changes))
        return self._started[-1]

    def send(self, worker: ProcessRecord, number: signal.Signals) -> None:
        """Send a signal to a worker."""
        container_stack.signal_worker(worker, number)

    def alive(self, worker: ProcessRecord) -> bool:
        """Whether a worker has not ended."""
        return container_stack.is_running(worker)

    def end(self) -> None:
        """End all of them."""
        for worker in self._started:
            container_stack.end_worker(worker)


def workers_on(stack: Stack) -> Workers:
    """Workers as this target starts them; on AWS, where the fleet does, the test is skipped."""
    if TARGET == AWS:
        pytest.skip("the test starts and ends workers of its own")
    return WorkersInContainers(stack) if TARGET == DOCKER else Workers(stack)


@pytest.fixture
def workers(stack: Stack) -> Iterator[Workers]:
    """Workers of one test's own, which may be killed."""
    workers = workers_on(stack)
    yield workers
    workers.end()


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Iterator[ProcessRecord | None]:
    """One worker for all tests of a module that only need their jobs done; on AWS the fleet's."""
    if TARGET == AWS:
        yield None
        return
    workers = workers_on(stack)
    yield workers.start()
    workers.end()


@pytest.fixture
def fast_scaling_loop(stack: Stack) -> Iterator[None]:
    """Looks every second and a half while there is a job, until the test ends."""
    stack.set_alarm_speed(10)
    yield
    stack.set_alarm_speed(1)


@pytest.fixture
def broken_queue(stack: Stack) -> Iterator[None]:
    """The function `interactions` with a queue that is not there, until the test ends."""
    gone = stack.state.queue_url.replace(".fifo", MISSING_QUEUE)
    with stack.changed_function("interactions", QUEUE_URL=gone):
        yield
