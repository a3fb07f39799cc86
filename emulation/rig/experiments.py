"""Experiments of AWS FIS on a stack: what can be started by name, and what runs.

https://docs.aws.amazon.com/fis/latest/userguide/what-is.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig.emulator_client import client_options
from emulation.rig.errors import ControlError
from emulation.rig.state import StackState

_ACCOUNT = "000000000000"
_MINUTES = "PT5M"
_LATE = "1500"
"""Milliseconds: longer than the time-outs of the functions' calls of DynamoDB."""
_RUNNING = ("pending", "initiating", "running", "stopping")
OPERATIONS: Mapping[str, Sequence[str]] = {
    "dynamodb": (
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"),
        *("TransactWriteItems", "BatchGetItem"),
    ),
    "sqs": (
        *("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
        *("GetQueueAttributes", "DeleteMessageBatch"),
    ),
    "stepfunctions": ("StartExecution",),
}
"""The calls of the bot that experiments strike, by their services."""


@dataclass(frozen=True)
class Named:
    """An experiment that can be started by its name; `title` is what the operations page shows."""

    name: str
    title: str
    description: str


NAMED = (
    Named("throttled-calls", "Throttled AWS", "A fifth of the bot's calls of AWS is throttled"),
    Named("failing-calls", "Failing AWS", "A fifth of the bot's calls of AWS fails"),
    Named("lost-answers", "Lost answers", "A tenth of the bot's calls acts, and is not answered"),
    Named("late-functions", "Late functions", "A third of the invocations begins 1.5 s late"),
    Named("stopped-task", "Stopped task", "ECS stops a task of the fleet"),
    Named("spot-interruption", "Spot interruption", "EC2 takes back a Spot instance"),
)
"""The experiments that the operations page can start, each for five minutes of AWS's time."""


@dataclass(frozen=True)
class Running:
    """An experiment that runs, or did. `reason` is FIS's, with the number of struck calls."""

    id: str
    title: str
    state: str
    reason: str

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state not in _RUNNING

    def as_json(self) -> dict[str, Any]:
        """For the operations page."""
        return asdict(self)


@dataclass(frozen=True)
class Experiments:
    """The experiments on one stack's emulator."""

    state: StackState

    def start_named(self, name: str) -> str:
        """Start an experiment by its name; its id.

        Raises:
            ControlError: there is no such experiment, or FIS refuses it.
        """
        known = {one.name: one for one in NAMED}
        if name not in known:
            raise ControlError(f"There is no experiment {name!r}; there are: {', '.join(known)}")
        return self.start(known[name].title, *self._template(name))

    def start(
        self,
        title: str,
        targets: Mapping[str, Any],
        actions: Mapping[str, Any],
        seed: str = "",
    ) -> str:
        """Start an experiment; its id. The same seed strikes the same calls of an emulator.

        Raises:
            ControlError: FIS refuses it; the text is FIS's.
        """
        try:
            template = self._fis.create_experiment_template(
                description=title,
                roleArn=self._role("experiments"),
                stopConditions=[{"source": "none"}],
                targets=dict(targets),
                actions=dict(actions),
            )["experimentTemplate"]
            started = self._fis.start_experiment(
                experimentTemplateId=template["id"],
                clientToken=seed or str(uuid4()),
                tags={"title": title},
            )["experiment"]
            self._fis.delete_experiment_template(id=template["id"])
        except (BotoCoreError, ClientError) as error:
            raise ControlError(f"The experiment was not started: {error}") from error
        if started["state"]["status"] == "failed":
            raise ControlError(f"The experiment has failed: {started['state']['reason']}")
        return str(started["id"])

    def stop(self, experiment_id: str) -> None:
        """Stop an experiment, and undo what it does.

        Raises:
            ControlError: there is no such experiment.
        """
        try:
            self._fis.stop_experiment(id=experiment_id)
        except (BotoCoreError, ClientError) as error:
            raise ControlError(f"The experiment was not stopped: {error}") from error

    def all(self) -> list[Running]:
        """The experiments since the emulator's start, the newest first.

        Raises:
            ControlError: the emulator does not answer.
        """
        try:
            return [_running(one) for one in self._fis.list_experiments()["experiments"]]
        except (BotoCoreError, ClientError) as error:
            raise ControlError(f"The experiments are not known: {error}") from error

    def struck(self, experiment_id: str) -> dict[str, str]:
        """What FIS says about each action of an experiment."""
        found = self._fis.get_experiment(id=experiment_id)["experiment"]
        return {name: one["state"]["reason"] for name, one in found["actions"].items()}

    def callers(self, functions: Sequence[str] = ()) -> dict[str, Any]:
        """The target of the roles of functions, of all if none is named, and of the workers."""
        names = self.state.function_names
        roles = [names[name] for name in functions or names]
        return {
            "resourceType": "aws:iam:role",
            "resourceArns": [*map(self._role, roles), self._role(f"{self._prefix}-task")],
            "selectionMode": "ALL",
        }

    def _template(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The targets and the actions of an experiment."""
        if name == "stopped-task":
            cluster = {"cluster": self._prefix, "service": self.state.ecs_service_name}
            target = {"resourceType": "aws:ecs:task", "parameters": cluster}
            return _one_of(target), {"stop": _action("aws:ecs:stop-task", "Tasks")}
        if name == "spot-interruption":
            tags = {"aws:autoscaling:groupName": self.state.auto_scaling_group_name}
            target = {"resourceType": "aws:ec2:spot-instance", "resourceTags": tags}
            interrupt = "aws:ec2:send-spot-instance-interruptions"
            before = {"durationBeforeInterruption": "PT3M"}
            return _one_of(target), {"interrupt": _action(interrupt, "SpotInstances", before)}
        if name == "late-functions":
            arns = [self._function_arn(one) for one in self.state.function_names.values()]
            target = {"resourceType": "aws:lambda:function", "resourceArns": arns}
            given = {
                "duration": _MINUTES,
                "invocationPercentage": "33",
                "startupDelayMilliseconds": _LATE,
            }
            delay = _action("aws:lambda:invocation-add-delay", "Functions", given)
            return {"target": target | {"selectionMode": "ALL"}}, {"delay": delay}
        kind, percentage = {
            "throttled-calls": ("aws:fis:inject-api-throttle-error", 20),
            "failing-calls": ("aws:fis:inject-api-internal-error", 20),
            "lost-answers": ("emulator:inject-api-lost-response", 10),
        }[name]
        return {"target": self.callers()}, call_actions({kind: percentage}, _MINUTES)

    @cached_property
    def _fis(self) -> Any:
        make: Any = boto3.client  # the stubs of this service are not installed
        return make("fis", **client_options(self.state))

    @property
    def _prefix(self) -> str:
        return self.state.ecs_cluster_name

    def _role(self, name: str) -> str:
        return f"arn:aws:iam::{_ACCOUNT}:role/{name}"

    def _function_arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.state.region}:{_ACCOUNT}:function:{name}"


def call_actions(percentages: Mapping[str, int], duration: str) -> dict[str, Any]:
    """Actions that strike percentages of the bot's calls of each service, by the actions' ids."""
    return {
        f"{kind.rpartition(':')[2]}-{service}": _action(
            kind,
            "Roles",
            {
                "service": service,
                "operations": ",".join(operations),
                "percentage": str(percentage),
                "duration": duration,
            }
            | ({"delayMilliseconds": _LATE} if kind.endswith("delay") else {}),
        )
        for kind, percentage in percentages.items()
        for service, operations in OPERATIONS.items()
    }


def _action(kind: str, target: str, given: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"actionId": kind, "parameters": dict(given or {}), "targets": {target: "target"}}


def _one_of(target: Mapping[str, Any]) -> dict[str, Any]:
    return {"target": {**target, "selectionMode": "COUNT(1)"}}


def _running(experiment: Mapping[str, Any]) -> Running:
    state = experiment["state"]
    title = experiment.get("tags", {}).get("title", experiment["id"])
    return Running(experiment["id"], title, state["status"], state.get("reason", ""))
