"""A fleet on the emulator, as small as one can be, and what can be asked of it."""

import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from emulated import ROLE, Emulator

from emulation.aws.launch import Tasks
from emulation.rig.waiting import wait_until

WORKER = Path(__file__).with_name("fleet_worker.py")
IMAGE = "discord-diffusion/test-worker"
"""Holds WORKER where tasks are containers."""
SECONDS = 40.0
FAST: dict[str, Any] = {
    "speed": 60,
    "alarm_speed": 10,
    "launch_seconds": 10,
    "register_seconds": 10,
    "pull_seconds": 20,
    "terminate_seconds": 10,
}


def worker_tasks(folder: Path | None = None, **changes: Any) -> Tasks:
    """Tasks that run WORKER, and note what happens in `folder`/events."""
    environment = {"EVENTS": str(folder / "events")} if folder else {}
    return Tasks(
        command=(sys.executable, str(WORKER)),
        folder=folder,
        environment=environment | changes.pop("environment", {}),
        logs=folder / "tasks" if folder else None,
        fleet=FAST | changes,
    )


@dataclass
class FleetStack:
    """One cluster, group, capacity provider, service, two policies and two alarms."""

    emulator: Emulator
    name: str
    seen: list[str] = field(default_factory=list)

    @property
    def service_name(self) -> str:
        """The service's name, the group's too."""
        return f"{self.name}-worker"

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def service(self) -> dict[str, Any]:
        """What DescribeServices answers."""
        answer = self.client("ecs").describe_services(
            cluster=self.name, services=[self.service_name]
        )
        found: dict[str, Any] = answer["services"][0]
        return found

    def group(self) -> dict[str, Any]:
        """What DescribeAutoScalingGroups answers."""
        answer = self.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[self.service_name]
        )
        found: dict[str, Any] = answer["AutoScalingGroups"][0]
        return found

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        """What DescribeTasks answers of all tasks with a desired status."""
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
        """The tasks that run."""
        return [task for task in self.tasks() if task["lastStatus"] == "RUNNING"]

    def awake(self, number: int = 1) -> list[dict[str, Any]]:
        """Let so many tasks run; they."""
        self.desired(number)
        found: list[dict[str, Any]] = self.wait(
            lambda: len(self.running()) == number and self.running(), f"{number} tasks run"
        )
        return found

    def activities(self) -> list[dict[str, Any]]:
        """Auto Scaling's activities, oldest first."""
        found: list[dict[str, Any]] = self.client("autoscaling").describe_scaling_activities(
            AutoScalingGroupName=self.service_name
        )["Activities"]
        return found[::-1]

    def events(self) -> list[str]:
        """The service's events, oldest first."""
        return [event["message"] for event in self.service()["events"]][::-1]

    def fleet(self, change: str = "", **body: Any) -> dict[str, Any]:
        """The agent's state; after a change if one is named."""
        url = f"{self.emulator.config.endpoint}/_emulator/fleet"
        answer = httpx.post(f"{url}/{change}", json=body) if change else httpx.get(url)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def history(self) -> list[str]:
        """What has changed in this fleet, in order."""
        url = f"{self.emulator.config.endpoint}/_emulator/fleet/history"
        entries = httpx.get(url).json()["entries"]
        return [f"{one['what']} {one['state']}" for one in entries if self.name in str(one)]

    def desired(self, number: int) -> None:
        """Set the service's desired count."""
        self.client("ecs").update_service(
            cluster=self.name, service=self.service_name, desiredCount=number
        )

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
        """Wait for something, noting every new state on the way."""

        def seen() -> Any:
            self.look()
            return condition()

        try:
            return wait_until(seen, what, seconds)
        except AssertionError as error:
            state = json.dumps(self.fleet(), indent=1)
            raise AssertionError(f"{error}\nseen: {self.seen}\n{self.events()}\n{state}") from None

    def look(self) -> None:
        """Note the states that have not been seen yet.

        What comes last is asked first: nothing is seen before what brought it about.
        """
        tasks = [*self.tasks(), *self.tasks("STOPPED")]
        containers = self.client("ecs").list_container_instances(cluster=self.name)
        group = self.group()
        desired = self.service()["desiredCount"]
        alarms = self.client("cloudwatch").describe_alarms(AlarmNames=[f"{self.name}-out"])
        states = [f"alarm {alarm['StateValue']}" for alarm in alarms["MetricAlarms"]]
        states += [f"desired {desired}", f"capacity {group['DesiredCapacity']}"]
        states += [f"instance {one['LifecycleState']}" for one in group["Instances"]]
        states += ["registered"] if containers["containerInstanceArns"] else []
        states += [f"task {one['lastStatus']}" for one in tasks]
        self.seen += [state for state in dict.fromkeys(states) if state not in self.seen]

    def asleep(self) -> bool:
        """No task, no instance."""
        return not self.tasks() and not self.group()["Instances"]

    def publish(self, value: float) -> None:
        """Publish the backlog."""
        datum = {"MetricName": "Backlog", "Value": value, "StorageResolution": 1}
        self.client("cloudwatch").put_metric_data(Namespace=self.name, MetricData=[datum])

    def publishing(self, value: float, condition: Callable[[], Any]) -> Callable[[], Any]:
        """A condition while which a backlog is published twice a second."""
        last = 0.0

        def checked() -> Any:
            nonlocal last
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                self.publish(value)
            return condition()

        return checked


def make(
    emulator: Emulator, name: str, *, maximum: int = 3, stop_timeout: int = 30, **service: Any
) -> FleetStack:
    """Make a fleet with everything but alarms."""
    ecs, autoscaling = emulator.client("ecs"), emulator.client("autoscaling")
    worker = f"{name}-worker"
    data = f"ECS_CLUSTER={name}\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n"
    template = emulator.client("ec2").create_launch_template(
        LaunchTemplateName=worker,
        LaunchTemplateData={
            "ImageId": "ami-05a9d3c6794653577",
            "InstanceType": "g4dn.xlarge",
            "UserData": b64encode(data.encode()).decode(),
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
    stack = FleetStack(emulator, name)
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
    register(stack, stop_timeout)
    ecs.create_service(
        cluster=name,
        serviceName=worker,
        taskDefinition=worker,
        desiredCount=0,
        capacityProviderStrategy=[{"capacityProvider": f"{name}-gpu", "weight": 1}],
        **service,
    )
    return stack


def register(
    stack: FleetStack,
    stop_timeout: int = 30,
    secrets: Mapping[str, str] | None = None,
    **environment: str,
) -> str:
    """Register a revision of the worker's task definition; its ARN."""
    group = f"/ecs/{stack.service_name}"
    folder = stack.emulator.config.tasks.folder
    variables = {"GREETING": "from the task definition", **environment}
    answer = stack.client("ecs").register_task_definition(
        family=stack.service_name,
        requiresCompatibilities=["EC2"],
        executionRoleArn=ROLE,
        # A container sees the folder that processes are given.
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


def add_scaling(stack: FleetStack) -> None:
    """Let a backlog above 0 add tasks, and none take all away."""
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
