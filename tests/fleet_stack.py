"""A stack with a fleet that scales by itself: crowds of users, and the fleet's history."""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import boto3
import httpx

from discord_diffusion.functions.interactions.admission import FLEET_STATE_CACHE_SECONDS
from emulation.rig.emulator_client import FleetAgentClient, advance, client_options
from emulation.rig.errors import AnswerError
from emulation.rig.options import FleetOptions, StackOptions
from emulation.rig.waiting import wait_until
from tests import container_stack
from tests.integration.channel import contains_text
from tests.integration.message_history import MessageHistory
from tests.messages import text_of
from tests.operations_page import update_that_forgets_failed_starts
from tests.stack import ANSWER_SECONDS, Stack
from tests.targets import DOCKER, EMULATOR, HOST, TARGET

MAXIMUM = 4
OPTIONS = StackOptions(
    aws_port=0,
    discord_port=0,
    fleet=FleetOptions(minimum_tasks=0, maximum_tasks=MAXIMUM, speed=60),
    environment="fleet",
    enforces_iam=TARGET == HOST,
    emulator=EMULATOR,
    # Short, so that a job of a killed worker is received again soon; but no busy machine may keep a
    # worker from extending its lease so long, since each job is received once.
    visibility_timeout_seconds=15,
    answer_seconds=ANSWER_SECONDS,
    variables={
        "max_receive_count": 5,
        # A task for every job of another user, however fast this machine draws.
        "scaling": {"target_wait_seconds": 0, "scale_in_hold_seconds": 60},
        "alarms": {"no_capacity_minutes": 2},
    },
)
"""Of all modules with fleets of their own: the first one applies, others restore its snapshot."""
_SENDERS = 3
"""Requests at a time. More would start as many functions at once, too slowly for Discord's 3 s."""
_TOO_SLOW = ("refused.queue", "refused.store")
_ATTEMPTS = 10
"""A busy machine misses the deadline of an answer, or of its calls, again and again."""
_CHANGES_REPORTED = 80
_STEP_SECONDS = 5.0
"""Of the time that is moved at once while the fleet goes to sleep; a look of the loop takes 1.5."""


@dataclass(frozen=True)
class Change:
    """An entry of the fleet agent's history."""

    at: float
    what: str
    name: str
    state: str

    def __str__(self) -> str:
        return f"{self.what} {self.state}"


@dataclass(frozen=True)
class FleetStack:
    """A running stack with a fleet."""

    stack: Stack
    _clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def agent(self) -> FleetAgentClient:
        """The client of the fleet agent."""
        return FleetAgentClient(self.stack.state.aws_endpoint)

    def client(self, service: str) -> Any:
        """A boto3 client for the emulator, one for each service."""
        if service not in self._clients:
            make: Any = boto3.client  # the service's name is not known to the type checker
            self._clients[service] = make(service, **client_options(self.stack.state))
        return self._clients[service]

    def now(self) -> datetime:
        """The time as the emulator has it, to the second, as AWS's records have it."""
        url = f"{self.stack.state.aws_endpoint}/_emulator/clock"
        answer = httpx.get(url, trust_env=False).raise_for_status()
        return datetime.fromtimestamp(answer.json()["now"], UTC).replace(microsecond=0)

    def mark(self) -> int:
        """The number of the newest change."""
        return max((entry["number"] for entry in self.agent.history()), default=0)

    def changes(self, after: int) -> list[Change]:
        """The changes after a mark, oldest first."""
        names = ("at", "what", "name", "state")
        return [Change(*(entry[one] for one in names)) for entry in self.agent.history(after)]

    def asleep(self) -> bool:
        """Whether no task is wanted, and neither a task nor an instance exists."""
        shown = self.agent.state()
        live = [task for task in shown["tasks"] if task["status"] != "STOPPED"]
        return not live and not shown["instances"] and self.desired() == 0

    def _asleep_later(self) -> bool:
        """Whether the fleet is asleep, perhaps some seconds later."""
        if TARGET == HOST and not self.asleep() and self._is_without_work():
            advance(self.stack.state.aws_endpoint, _STEP_SECONDS)
        return self.asleep()

    def _is_without_work(self) -> bool:
        """Whether no job waits or is drawn, and no task starts, which takes a process real time."""
        starting = self.tasks("PROVISIONING", "PENDING")
        return self.stack.queue_depth() == (0, 0) and not self.busy() and not starting

    def desired(self) -> int:
        """The service's desired count, as ECS reports it."""
        state = self.stack.state
        answer = self.client("ecs").describe_services(
            cluster=state.ecs_cluster_name, services=[state.ecs_service_name]
        )
        return int(answer["services"][0]["desiredCount"])

    def tasks(self, *statuses: str) -> list[dict[str, Any]]:
        """The tasks in some statuses."""
        return [task for task in self.agent.state()["tasks"] if task["status"] in statuses]

    def busy(self) -> list[dict[str, Any]]:
        """The running tasks that have protected themselves, since they draw."""
        return [task for task in self.tasks("RUNNING") if task["protected"]]

    def forget_failed_starts(self) -> None:
        """What docs/operations.md says to do for a try at once."""
        dynamodb = self.client("dynamodb")
        update = update_that_forgets_failed_starts(self.stack.state.jobs_table_name)
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):  # nothing failed so far
            dynamodb.update_item(**update, ConditionExpression="attribute_exists(guard)")
            self.wait_for_function_caches()

    def wait_for_function_caches(self) -> None:
        """Wait until functions read the state of the fleet anew."""
        time.sleep(FLEET_STATE_CACHE_SECONDS)

    def alarm(self, name: str) -> str:
        """The state of one of the deployment's alarms."""
        full = f"{self.stack.state.ecs_cluster_name}-{name}"
        [alarm] = self.client("cloudwatch").describe_alarms(AlarmNames=[full])["MetricAlarms"]
        return str(alarm["StateValue"])

    def log_events(
        self, function: str, message: str, after: float = 0.0, until: float | None = None
    ) -> list[str]:
        """The log lines of a function with a message, between two moments in Unix seconds."""
        group = f"/aws/lambda/{self.stack.state.function_names[function]}"
        span = {"startTime": math.floor(after * 1000)}
        span |= {} if until is None else {"endTime": math.ceil(until * 1000)}
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=group, **span)
        events = [event["message"] for page in found for event in page["events"]]
        return [event for event in events if message in event]

    def looks(self, after: float, until: float) -> int:
        """How many looks at the fleet ended between two moments, in Unix seconds."""
        if until <= after:
            return 0
        return len(self.log_events("backlog", "The backlog is measured", after, until))

    def send(self, prompt: str, *, user_id: str | None = None, **options: object) -> str:
        """A user sends a command; the interaction's id.

        One who is not answered in time, or reads that queue or table are slow, sends again.
        """
        user = {} if user_id is None else {"user_id": user_id}
        for _ in range(_ATTEMPTS):
            with suppress(AnswerError):
                sent = self.stack.discord.send("imagine", {"prompt": prompt, **options}, **user)
                if not self._is_refused(sent):
                    return sent
        raise AssertionError(f"the user was not answered in {_ATTEMPTS} attempts")

    def send_crowd(self, users: int, each: int, first_user: int, **options: object) -> list[str]:
        """Many users send commands, several at a time; the interactions' ids."""

        def send(number: int) -> str:
            user = str(first_user + number % users)
            return self.send(f"a red circle, number {number}", user_id=user, **options)

        with ThreadPoolExecutor(_SENDERS) as pool:
            return list(pool.map(send, range(users * each)))

    def _is_refused(self, interaction: str) -> bool:
        content = text_of(self.stack.discord.interaction(interaction)["history"][0])
        return any(contains_text(content, "en-US", key) for key in _TOO_SLOW)

    def history_of(self, interaction: str, images: int) -> MessageHistory:
        """The versions of the answer to a user who requested so many pictures."""
        return MessageHistory(interaction, "", images, self.stack.discord.interaction(interaction))

    def faults(self, interactions: Sequence[str], images: int) -> dict[str, list[str]]:
        """The faults of the interactions that were not answered once with all pictures."""
        found = {one: self.history_of(one, images).faults() for one in interactions}
        return {one: faults for one, faults in found.items() if faults}

    def wait_for_answers(self, interactions: Sequence[str], images: int, seconds: float) -> None:
        """Return once every user has pictures; fail with a report of those who have none."""
        missing = list(interactions)

        def none_is_missing() -> bool:
            while missing and self.history_of(missing[0], images).uploads:
                missing.pop(0)
            return not missing

        wait_until(
            none_is_missing,
            f"{len(interactions)} answers are there",
            seconds,
            lambda: self.report(missing),
        )

    def report(self, interactions: Iterable[str]) -> str:
        """The history of some jobs and of the fleet, for the text of a failure."""
        waiting, in_work = self.stack.queue_depth()
        shown = self.agent.state()
        lines = [
            f"queue: {waiting} waiting, {in_work} in work, {self.stack.dead_letters()} given up",
            f"service: {self.desired()} wanted",
            *(f"{one['task']} {one['status']}" for one in shown["tasks"]),
            *(f"{one.at:.1f} {one} {one.name}" for one in self.changes(0)[-_CHANGES_REPORTED:]),
        ]
        logs = [line for text in self.stack.task_logs() for line in text.splitlines()]
        for one in interactions:
            lines.append(f"job {one}: {'; '.join(self.history_of(one, 0).faults())}")
            lines += [
                f"  {version['edited_timestamp'] or version['timestamp']} {version['content']!r}"
                for version in self.stack.discord.interaction(one)["history"]
            ]
            lines += [f"  {line}" for line in logs if one in line]
        return "\n".join(lines)

    def wait_until_asleep(self, seconds: float = 120) -> None:
        """Wait until the fleet is asleep, and no container of a task is left.

        Where no job is left, time is moved on: what the loop, the alarms and the instances do until
        then is done in order, but nobody waits for the moments between.
        """
        wait_until(self._asleep_later, "the fleet sleeps", seconds)
        state = self.stack.state
        if state.target == DOCKER:
            wait_until(lambda: container_stack.tasks(state) == [], "no task has a container")

    def answered_at(self, interaction: str) -> float:
        """When the pictures were uploaded, in Unix seconds."""
        events = self.stack.discord.interaction(interaction)["events"]
        times = [event["at"] for event in events if event["name"] == "uploaded"]
        return datetime.fromisoformat(times[-1]).timestamp()

    def log_lines(self, message: str) -> Iterator[dict[str, Any]]:
        """The log lines of workers with a message."""
        for text in self.stack.task_logs():
            for line in text.splitlines():
                if line.startswith("{") and f'"{message}"' in line:
                    found = json.loads(line)
                    if found.get("message") == message:
                        yield found


def is_in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether all of `wanted` occur in `found`, in this order."""
    rest = iter(found)
    return all(one in rest for one in wanted)


def most_at_once(changes: Sequence[Change], what: str, state: str) -> int:
    """The largest number of things of a kind that were in a state at the same time."""
    there: set[str] = set()
    most = 0
    for change in changes:
        if change.what != what:
            continue
        if change.state == state:
            there.add(change.name)
        else:
            there.discard(change.name)
        most = max(most, len(there))
    return most


def stopped_while_protected(changes: Sequence[Change]) -> list[str]:
    """Tasks that were stopped although they had protected themselves."""
    protected: set[str] = set()
    found = []
    for change in changes:
        if change.what == "protection":
            (protected.add if change.state == "on" else protected.discard)(change.name)
        elif change.what == "task" and change.state == "STOPPING" and change.name in protected:
            found.append(change.name)
    return found
