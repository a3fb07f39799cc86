"""The status of a stack's queues and fleet, from AWS's services and the fleet agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig.crashes import Crashes, crashes
from emulation.rig.emulator_client import FleetAgentClient, client_options
from emulation.rig.errors import RigError
from emulation.rig.state import StackState

_ACTIVITIES = 6
_clients: dict[tuple[str, str], Any] = {}


@dataclass(frozen=True)
class QueueDepths:
    """Messages of the job queue and its dead-letter queue; None where SQS did not answer."""

    waiting: int | None
    in_flight: int | None
    dead: int | None


def queue_depths(state: StackState) -> QueueDepths:
    """The depths of both queues now, from SQS."""

    def depths(queue_url: str) -> tuple[int | None, int | None]:
        try:
            answer = _client(state, "sqs").get_queue_attributes(
                QueueUrl=queue_url, AttributeNames=["All"]
            )
        except (BotoCoreError, ClientError):
            return None, None
        found = answer["Attributes"]
        return (
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
        )

    waiting, in_flight = depths(state.queue_url)
    return QueueDepths(waiting, in_flight, dead=depths(state.dead_letter_queue_url)[0])


@dataclass(frozen=True)
class Instance:
    """An EC2 instance. `state` is Auto Scaling's word; `joined`: it is in the cluster."""

    id: str
    state: str
    type: str
    spot: bool
    joined: bool
    draining: bool


@dataclass(frozen=True)
class Task:
    """A task of the service. `log` is its name for `logs`."""

    id: str
    status: str
    instance: str | None
    protected: bool
    reason: str
    log: str


@dataclass(frozen=True)
class Activity:
    """Something that Application Auto Scaling or Auto Scaling did; `at` is ISO 8601."""

    at: str
    status: str
    text: str


@dataclass(frozen=True)
class FleetStatus:
    """A fleet at one moment. `alarms` maps names to CloudWatch's states."""

    desired: int
    running: int
    pending: int
    instances: Sequence[Instance]
    tasks: Sequence[Task]
    alarms: dict[str, str]
    activities: Sequence[Activity]
    denied: dict[str, str]
    crashes: Crashes | None = None
    """Those of the workers."""


def fleet_status(state: StackState, logs: Path | None = None) -> FleetStatus | None:
    """The fleet now; None while a part of it does not answer. `logs` is the folder of task logs."""
    try:
        service = _client(state, "ecs").describe_services(
            cluster=state.ecs_cluster_name, services=[state.ecs_service_name]
        )["services"][0]
        agent = FleetAgentClient(state.aws_endpoint).state()
        return FleetStatus(
            desired=service["desiredCount"],
            running=service["runningCount"],
            pending=service["pendingCount"],
            instances=[_instance(found) for found in agent["instances"]],
            tasks=[_task(found) for found in agent["tasks"]],
            alarms=alarm_states(state),
            activities=_activities(state),
            denied=agent["denied"],
            crashes=crashes(agent["tasks"], logs) if logs else None,
        )
    except (BotoCoreError, ClientError, RigError):
        return None


def alarm_states(state: StackState) -> dict[str, str]:
    """The state of every alarm by its name without the prefix; the alarms that scale come first."""
    names = [name for group in sorted(state.alarm_names) for name in state.alarm_names[group]]
    found = _client(state, "cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    by_name = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
    prefix = f"{state.ecs_cluster_name}-"
    return {name.removeprefix(prefix): by_name[name] for name in names if name in by_name}


def _instance(found: dict[str, Any]) -> Instance:
    return Instance(
        id=str(found["instance"]),
        state=found["phase"],
        type=found["instance_type"],
        spot=found["spot"],
        joined=found["registered"],
        draining=found["draining"],
    )


def _task(found: dict[str, Any]) -> Task:
    return Task(
        id=found["task"],
        status=found["status"],
        instance=found["instance"],
        protected=found["protected"],
        reason=found["reason"],
        log=f"worker-{found['task'][:8]}",
    )


def _activities(state: StackState) -> list[Activity]:
    """The last scaling activities of the service and of the group, newest first."""
    scaled = _client(state, "application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{state.ecs_cluster_name}/{state.ecs_service_name}",
    )["ScalingActivities"]
    grouped = _client(state, "autoscaling").describe_scaling_activities(
        AutoScalingGroupName=state.auto_scaling_group_name, MaxRecords=_ACTIVITIES
    )["Activities"]
    found = sorted([*scaled, *grouped], key=lambda activity: activity["StartTime"], reverse=True)
    return [
        Activity(
            activity["StartTime"].isoformat(timespec="seconds"),
            activity["StatusCode"],
            activity["Description"],
        )
        for activity in found[:_ACTIVITIES]
    ]


def _client(state: StackState, service: str) -> Any:
    """The client of a service, made once: that takes longer than a request."""
    key = service, state.aws_endpoint
    if key not in _clients:
        import boto3  # half of the time of a command, most of which need no AWS

        make: Any = boto3.client  # the service's name is not known to the type checker
        _clients[key] = make(service, **client_options(state))
    return _clients[key]
