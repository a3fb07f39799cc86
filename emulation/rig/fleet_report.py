"""What a stack's fleet does, from ECS, CloudWatch, Auto Scaling and the fleet agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emulation.rig.errors import RigError
from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack.clients import client_options
from emulation.rig.stack.state import StackState

_ACTIVITIES = 6
_COLOURS = {"OK": "green", "ALARM": "bold red", "RUNNING": "green", "InService": "green"}


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
    """One look at a fleet. `alarms` maps names to CloudWatch's states."""

    desired: int
    running: int
    pending: int
    instances: Sequence[Instance]
    tasks: Sequence[Task]
    alarms: dict[str, str]
    activities: Sequence[Activity]
    denied: dict[str, str]


def look(state: StackState) -> FleetStatus | None:
    """The fleet now; None while something of it does not answer."""
    try:
        return _look(state)
    except (BotoCoreError, ClientError, RigError):
        return None


def _look(state: StackState) -> FleetStatus:
    options = client_options(state)
    service = boto3.client("ecs", **options).describe_services(
        cluster=state.ecs_cluster_name, services=[state.ecs_service_name]
    )["services"][0]
    agent = FleetAgent(state.aws_endpoint).state()
    return FleetStatus(
        desired=service["desiredCount"],
        running=service["runningCount"],
        pending=service["pendingCount"],
        instances=[_instance(one) for one in agent["instances"]],
        tasks=[_task(one) for one in agent["tasks"]],
        alarms=alarms(state),
        activities=_activities(state),
        denied=agent["denied"],
    )


def alarms(state: StackState) -> dict[str, str]:
    """The state of every alarm, those that move the fleet first, by name without the prefix."""
    client = boto3.client("cloudwatch", **client_options(state))
    names = [name for group in sorted(state.alarm_names) for name in state.alarm_names[group]]
    found = client.describe_alarms(AlarmNames=names)["MetricAlarms"]
    by_name = {one["AlarmName"]: one["StateValue"] for one in found}
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
    """The last ones of the service and of the group, newest first."""
    options = client_options(state)
    scaled = boto3.client("application-autoscaling", **options).describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{state.ecs_cluster_name}/{state.ecs_service_name}",
    )["ScalingActivities"]
    grouped = boto3.client("autoscaling", **options).describe_scaling_activities(
        AutoScalingGroupName=state.auto_scaling_group_name, MaxRecords=_ACTIVITIES
    )["Activities"]
    found = [(one["StartTime"], one["StatusCode"], one["Description"]) for one in scaled]
    found += [(one["StartTime"], one["StatusCode"], one["Description"]) for one in grouped]
    newest = sorted(found, key=lambda one: one[0], reverse=True)[:_ACTIVITIES]
    return [Activity(at.isoformat(timespec="seconds"), code, text) for at, code, text in newest]


def show(console: Console, fleet: FleetStatus | None) -> None:
    """Service, tasks, instances, alarms and what was done last, for people."""
    if fleet is None:
        console.print("\nFleet: it does not answer")
        return
    counts = f"{fleet.desired} desired, {fleet.running} running, {fleet.pending} pending"
    console.print(f"\nFleet: {counts}")
    for group, reason in fleet.denied.items():
        console.print(f"  no capacity for {group}: {reason}", highlight=False)
    _table(
        console,
        ("task", "state", "instance", "", "log"),
        [
            (one.id[:8], one.status, one.instance or "", "protected" if one.protected else "",
             one.log)
            for one in fleet.tasks
            if one.status != "STOPPED"
        ],
    )  # fmt: skip
    _table(
        console,
        ("instance", "state", "type", "", "cluster"),
        [
            (one.id, one.state, one.type, "Spot" if one.spot else "on demand", _membership(one))
            for one in fleet.instances
        ],
    )
    shown = [f"{name} {_coloured(state)}" for name, state in fleet.alarms.items() if state != "OK"]
    quiet = list(fleet.alarms.values()).count("OK")
    console.print(f"\nAlarms: {', '.join([*shown, f'{quiet} OK'])}", highlight=False)
    for activity in fleet.activities:
        mark = "" if activity.status == "Successful" else f" ({activity.status})"
        console.print(f"  {activity.at}  {escape(activity.text)}{mark}", highlight=False)


def _membership(instance: Instance) -> str:
    if not instance.joined:
        return ""
    return "draining" if instance.draining else "joined"


def _table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(box=None, padding=(0, 2))
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(_coloured(cell) for cell in row))
    console.print(table)


def _coloured(text: str) -> str:
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/]" if colour else escape(text)
