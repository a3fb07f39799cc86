"""The smallest possible fleet on the emulator, with readers of its state."""

import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_emulator import ROLE, Emulator

from ecs_fleet_emulator.launch import Tasks
from emulation.rig.emulator_client import advance
from emulation.rig.waiting import wait_until
from tests.targets import HOST, TARGET

moves_time = pytest.mark.skipif(TARGET != HOST, reason="time in containers cannot be moved")

WORKER = Path(__file__).with_name("fleet_worker.py")
IMAGE = "discord-diffusion/test-worker"
"""Contains WORKER, where tasks are containers."""
SECONDS = 120.0
FAST: dict[str, Any] = {
    "speed": 60,
    "alarm_speed": 10,
    "launch_seconds": 10,
    "register_seconds": 10,
    "pull_seconds": 20,
    "terminate_seconds": 10,
}


def worker_tasks(folder: Path | None = None, **changes: Any) -> Tasks:
    """Tasks that run WORKER, which writes its start and its end to `folder`/events."""
    environment = {"EVENTS": str(folder / "events")} if folder else {}
    return Tasks(
        command=(sys.executable, str(WORKER)),
        folder=folder,
        environment=environment | changes.pop("environment", {}),
        logs=folder / "tasks" if folder else None,
        fleet=FAST | changes,
    )


def task_id(task: dict[str, Any]) -> str:
    """The id of a task that ECS describes."""
    return str(task["taskArn"].rsplit("/", 1)[-1])


@dataclass
class SmallFleet:
    """One cluster, group, capacity provider and service; with `add_scaling` policies and alarms."""

    emulator: Emulator
    name: str
    recorded_states: list[str] = field(default_factory=list)

    @property
    def service_name(self) -> str:
        """The name of the service and of the group."""
        return f"{self.name}-worker"

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def now(self) -> datetime:
        """The emulator's time: tests that had the emulator before may have moved it."""
        return datetime.fromtimestamp(self.emulator.clock()["now"], UTC)

    def pass_time(self, seconds: float) -> None:
        """Let time pass: at once where the emulator's time can be moved."""
        if TARGET == HOST:
            advance(self.emulator.config.endpoint, seconds)
        else:
            time.sleep(seconds)

    def service(self) -> dict[str, Any]:
        """The service, as DescribeServices answers."""
        answer = self.client("ecs").describe_services(
            cluster=self.name, services=[self.service_name]
        )
        found: dict[str, Any] = answer["services"][0]
        return found

    def group(self) -> dict[str, Any]:
        """The group, as DescribeAutoScalingGroups answers."""
        answer = self.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[self.service_name]
        )
        found: dict[str, Any] = answer["AutoScalingGroups"][0]
        return found

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        """The tasks with a desired status, as DescribeTasks answers."""
        arns = self.client("ecs").list_tasks(
            cluster=self.name, serviceName=self.service_name, desiredStatus=status
        )["taskArns"]
        if not arns:
            return []
        found: list[dict[str, Any]] = self.client("ecs").describe_tasks(
            cluster=self.name, tasks=arns
        )["tasks"]
        return found

    def running(self) -> list[dict[str, Any]]:
        """The tasks in RUNNING."""
        return [task for task in self.tasks() if task["lastStatus"] == "RUNNING"]

    def run_tasks(self, number: int = 1) -> list[dict[str, Any]]:
        """Set the desired count, and return so many running tasks."""
        self.set_desired_count(number)
        found: list[dict[str, Any]] = self.wait(
            lambda: len(self.running()) == number and self.running(), f"{number} tasks run"
        )
        return found

    def activities(self) -> list[dict[str, Any]]:
        """The group's scaling activities, oldest first."""
        found: list[dict[str, Any]] = self.client("autoscaling").describe_scaling_activities(
            AutoScalingGroupName=self.service_name
        )["Activities"]
        return found[::-1]

    def events(self) -> list[str]:
        """The texts of the service's events, oldest first."""
        return [event["message"] for event in self.service()["events"]][::-1]

    def agent_state(self) -> dict[str, Any]:
        """The fleet agent's state."""
        answer = httpx.get(f"{self.emulator.config.endpoint}/_emulator/fleet")
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    def change_fleet(self, change: str, **body: Any) -> None:
        """Make a change through the fleet agent's API."""
        url = f"{self.emulator.config.endpoint}/_emulator/fleet/{change}"
        answer = httpx.post(url, json=body)
        assert answer.status_code == 200, answer.text

    def task_uri(self, task: dict[str, Any]) -> str:
        """The address of a task's own endpoints."""
        return f"{self.emulator.config.endpoint}/_emulator/tasks/{task_id(task)}"

    def worker_events(self, task: dict[str, Any]) -> list[str]:
        """The events that a task's worker has written."""
        folder = self.emulator.config.tasks.folder
        assert folder is not None
        events = folder / "events"
        lines = events.read_text().splitlines() if events.exists() else []
        return [line.split(" ", 1)[1] for line in lines if line.startswith(task_id(task))]

    def history(self) -> list[str]:
        """The journal's entries of this fleet, oldest first."""
        url = f"{self.emulator.config.endpoint}/_emulator/fleet/history"
        entries = httpx.get(url).json()["entries"]
        return [f"{entry['what']} {entry['state']}" for entry in entries if self.name in str(entry)]

    def set_desired_count(self, number: int) -> None:
        """Set the service's desired count."""
        self.client("ecs").update_service(
            cluster=self.name, service=self.service_name, desiredCount=number
        )

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
        """Wait for a condition, and record every new state meanwhile."""

        def recorded() -> Any:
            self.record_states()
            return condition()

        def report() -> str:
            state = json.dumps(self.agent_state(), indent=1)
            return f"states: {self.recorded_states}\n{self.events()}\n{state}"

        return wait_until(recorded, what, seconds, report)

    def record_states(self) -> None:
        """Record the states that are not recorded yet.

        Effects are read before their causes, so that no effect is recorded before its cause.
        """
        tasks = [*self.tasks(), *self.tasks("STOPPED")]
        containers = self.client("ecs").list_container_instances(cluster=self.name)
        group = self.group()
        desired = self.service()["desiredCount"]
        alarms = self.client("cloudwatch").describe_alarms(AlarmNames=[f"{self.name}-out"])
        states = [f"alarm {alarm['StateValue']}" for alarm in alarms["MetricAlarms"]]
        states += [f"desired {desired}", f"capacity {group['DesiredCapacity']}"]
        states += [f"instance {instance['LifecycleState']}" for instance in group["Instances"]]
        states += ["registered"] if containers["containerInstanceArns"] else []
        states += [f"task {task['lastStatus']}" for task in tasks]
        self.recorded_states += [
            state for state in dict.fromkeys(states) if state not in self.recorded_states
        ]

    def is_asleep(self) -> bool:
        """Whether there is no task and no instance."""
        return not self.tasks() and not self.group()["Instances"]

    def publish(self, value: float) -> None:
        """Publish a backlog."""
        datum = {"MetricName": "Backlog", "Value": value, "StorageResolution": 1}
        self.client("cloudwatch").put_metric_data(Namespace=self.name, MetricData=[datum])

    def while_publishing(self, value: float, condition: Callable[[], Any]) -> Callable[[], Any]:
        """The condition, with a backlog that is published twice a second while it is checked."""
        last = 0.0

        def checked() -> Any:
            nonlocal last
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                self.publish(value)
            return condition()

        return checked


def make_fleet(
    emulator: Emulator,
    name: str,
    *,
    maximum: int = 3,
    stop_timeout: int = 30,
    instance_profile: str = "",
    **service: Any,
) -> SmallFleet:
    """Create a fleet without policies and alarms."""
    ecs, autoscaling = emulator.client("ecs"), emulator.client("autoscaling")
    worker = f"{name}-worker"
    data = f"ECS_CLUSTER={name}\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n"
    template = emulator.client("ec2").create_launch_template(
        LaunchTemplateName=worker,
        LaunchTemplateData={
            "ImageId": "ami-05a9d3c6794653577",
            "InstanceType": "g4dn.xlarge",
            "UserData": b64encode(data.encode()).decode(),
            **({"IamInstanceProfile": {"Name": instance_profile}} if instance_profile else {}),
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=worker,
        MinSize=0,
        MaxSize=maximum,
        AvailabilityZones=["us-east-1a"],
        NewInstancesProtectedFromScaleIn=True,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {
                    "LaunchTemplateId": template,
                    "Version": "$Latest",
                },
                "Overrides": [{"InstanceType": "g4dn.xlarge"}],
            },
            "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 0},
        },
    )
    stack = SmallFleet(emulator, name)
    ecs.create_capacity_provider(
        name=f"{name}-gpu",
        autoScalingGroupProvider={
            "autoScalingGroupArn": stack.group()["AutoScalingGroupARN"],
            "managedScaling": {"status": "ENABLED", "instanceWarmupPeriod": 60},
            "managedTerminationProtection": "ENABLED",
        },
    )
    ecs.create_cluster(clusterName=name)
    ecs.put_cluster_capacity_providers(
        cluster=name, capacityProviders=[f"{name}-gpu"], defaultCapacityProviderStrategy=[]
    )
    register_definition(stack, stop_timeout)
    ecs.create_service(
        cluster=name,
        serviceName=worker,
        taskDefinition=worker,
        desiredCount=0,
        capacityProviderStrategy=[{"capacityProvider": f"{name}-gpu", "weight": 1}],
        **service,
    )
    return stack


def register_definition(
    stack: SmallFleet,
    stop_timeout: int = 30,
    secrets: Mapping[str, str] | None = None,
    **environment: str,
) -> str:
    """Register a revision of the worker's task definition; returns its ARN."""
    group = f"/ecs/{stack.service_name}"
    folder = stack.emulator.config.tasks.folder
    variables = {"GREETING": "from the task definition", **environment}
    answer = stack.client("ecs").register_task_definition(
        family=stack.service_name,
        requiresCompatibilities=["EC2"],
        executionRoleArn=ROLE,
        # Containers see the same folder as processes do.
        volumes=[{"name": "folder", "host": {"sourcePath": str(folder)}}] if folder else [],
        containerDefinitions=[
            {
                "name": "worker",
                "image": IMAGE,
                "cpu": 2048,
                "memoryReservation": 8192,
                "stopTimeout": stop_timeout,
                "mountPoints": (
                    [{"sourceVolume": "folder", "containerPath": str(folder)}] if folder else []
                ),
                "environment": [{"name": n, "value": v} for n, v in variables.items()],
                "secrets": [{"name": n, "valueFrom": v} for n, v in (secrets or {}).items()],
                "resourceRequirements": [{"type": "GPU", "value": "1"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": group,
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "worker",
                        "awslogs-create-group": "true",
                    },
                },
            }
        ],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def add_scaling(stack: SmallFleet) -> None:
    """Add policies and alarms: a backlog above 0 adds tasks, none removes all of them."""
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{stack.name}/{stack.service_name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = stack.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3)
    for way, comparison, step in (
        ("out", "GreaterThanThreshold", {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}),
        (
            "in",
            "LessThanOrEqualToThreshold",
            {"MetricIntervalUpperBound": 0, "ScalingAdjustment": 0},
        ),
    ):
        policy = scaling.put_scaling_policy(
            **target,
            PolicyName=f"{stack.name}-{way}",
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ChangeInCapacity" if way == "out" else "ExactCapacity",
                "Cooldown": 3600,
                "StepAdjustments": [step],
            },
        )
        stack.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{stack.name}-{way}",
            Namespace=stack.name,
            MetricName="Backlog",
            Statistic="Maximum",
            Period=10,
            EvaluationPeriods=2,
            DatapointsToAlarm=1 if way == "out" else 2,
            Threshold=0,
            ComparisonOperator=comparison,
            TreatMissingData="notBreaching",
            AlarmActions=[policy["PolicyARN"]],
        )
