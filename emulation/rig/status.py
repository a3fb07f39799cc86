"""The status of a stack's queues and fleet, from AWS's services and the fleet agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig.emulator_client import FleetAgentClient, client_options
from emulation.rig.errors import RigError
from emulation.rig.state import StackState

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_ACTIVITIES = 6


@dataclass(frozen=True)
class QueueDepths:
    """Messages of the job queue and its dead-letter queue; None where SQS did not answer."""

    waiting: int | None
    in_flight: int | None
    dead: int | None


def queue_depths(state: StackState) -> QueueDepths:
    """The depths of both queues now, from SQS."""
    sqs = boto3.client("sqs", **client_options(state))

    def attribute(queue_url: str, name: "QueueAttributeNameType") -> int | None:
        try:
            answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
            return int(answer["Attributes"][name])
        except (BotoCoreError, ClientError):
            return None

    return QueueDepths(
        waiting=attribute(state.queue_url, "ApproximateNumberOfMessages"),
        in_flight=attribute(state.queue_url, "ApproximateNumberOfMessagesNotVisible"),
        dead=attribute(state.dead_letter_queue_url, "ApproximateNumberOfMessages"),
    )


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


def fleet_status(state: StackState) -> FleetStatus | None:
    """The fleet now; None while a part of it does not answer."""
    ecs = boto3.client("ecs", **client_options(state))
    try:
        service = ecs.describe_services(
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
        )
    except (BotoCoreError, ClientError, RigError):
        return None


def alarm_states(state: StackState) -> dict[str, str]:
    """The state of every alarm by its name without the prefix; the alarms that scale come first."""
    client = boto3.client("cloudwatch", **client_options(state))
    names = [name for group in sorted(state.alarm_names) for name in state.alarm_names[group]]
    found = client.describe_alarms(AlarmNames=names)["MetricAlarms"]
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
    options = client_options(state)
    scaled = boto3.client("application-autoscaling", **options).describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{state.ecs_cluster_name}/{state.ecs_service_name}",
    )["ScalingActivities"]
    grouped = boto3.client("autoscaling", **options).describe_scaling_activities(
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
