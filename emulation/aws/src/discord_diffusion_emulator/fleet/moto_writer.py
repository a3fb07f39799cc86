"""Writes what the mind knows into moto's backends, where AWS's APIs answer from."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend
from moto.ecs.models import ContainerInstance, EC2ContainerServiceBackend, Task
from moto.ecs.models import Service as EcsService

from discord_diffusion_emulator.simulation.snapshots import Room, World
from discord_diffusion_emulator.simulation.state import (
    LIVE,
    Machine,
    Phase,
    State,
    Status,
)
from discord_diffusion_emulator.simulation.state import Task as MindTask

EVENTS = 100


class AgentTask(Task):  # type: ignore[misc]  # moto is untyped here
    """A task whose states come from the agent, not from how often somebody looks at it."""

    last_status = "PROVISIONING"

    def advance(self) -> None:
        """Not by itself."""


def moment() -> datetime:
    """The time now, as moto's backends hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


def tell(service: EcsService, text: str) -> None:
    """Add a service event."""
    event = {"id": str(uuid4()), "createdAt": moment(), "message": text}
    service.events = [event, *service.events][:EVENTS]


class Projection:
    """One region's mind in one region's backends. `instances` are EC2's, by the mind's keys."""

    def __init__(self, ecs: EC2ContainerServiceBackend, autoscaling: AutoScalingBackend) -> None:
        self.ecs = ecs
        self.autoscaling = autoscaling
        self.instances: dict[int, Any] = {}
        self.containers: dict[int, ContainerInstance] = {}
        self.tasks: dict[str, AgentTask] = {}

    def show(self, state: State, world: World, protected: dict[int, bool]) -> None:
        """Write everything that has changed."""
        for key, machine in state.machines.items():
            self._show_machine(state, machine, protected.get(key, False))
        for key in set(self.containers) - set(state.machines):
            self._deregister(key)
        for task in state.tasks.values():
            self._show_task(task)
        for task_id in set(self.tasks) - set(state.tasks):
            gone = self.tasks.pop(task_id)
            self.ecs.tasks.get(gone.cluster_name, {}).pop(gone.task_arn, None)
        for service in world.services:
            self._show_service(state, service)
        self._show_clusters(state)

    def _show_machine(self, state: State, machine: Machine, protected: bool) -> None:
        instance = self.instances.get(machine.key)
        if instance is None:
            return
        group = self.autoscaling.autoscaling_groups.get(machine.group)
        for there in group.instance_states if group else []:
            if there.instance.id == instance.id:
                there.lifecycle_state = str(machine.phase)
                there.protected_from_scale_in = protected
        if machine.registered:
            self._register(machine, instance.id)
        elif machine.key in self.containers:
            self._deregister(machine.key)
        container = self.containers.get(machine.key)
        if container is None:
            return
        tasks = list(state.on(machine.key))
        container.status = "DRAINING" if machine.draining else "ACTIVE"
        container.agent_connected = machine.phase is not Phase.TERMINATING
        # Those that are to run: one that stops is no longer counted, though it still works.
        container.running_tasks_count = len([t for t in tasks if t.status is Status.RUNNING])
        container.pending_tasks_count = len([t for t in tasks if t.status is Status.PENDING])
        container.remaining_resources = _resources(state.free(machine), machine)

    def _register(self, machine: Machine, instance_id: str) -> None:
        if machine.key in self.containers or machine.cluster not in self.ecs.clusters:
            return
        container = self.ecs.register_container_instance(machine.cluster, instance_id)
        container.registered_resources = _resources(machine.room, machine)
        container.capacity_provider_name = next(
            (
                provider.name
                for provider in self.ecs.capacity_providers.values()
                if provider.auto_scaling_group_provider["autoScalingGroupArn"].endswith(
                    f"autoScalingGroupName/{machine.group}"
                )
            ),
            None,
        )
        container.version = 1
        self.containers[machine.key] = container

    def _deregister(self, key: int) -> None:
        container = self.containers.pop(key)
        here = self.ecs.container_instances.get(container.cluster_name, {})
        here.pop(container.container_instance_arn.split("/")[-1], None)

    def _show_task(self, task: MindTask) -> None:
        cluster_name, service_name = task.service.split("/")
        shown = self.tasks.get(task.id)
        if shown is None:
            cluster = self.ecs.clusters[cluster_name]
            definition = self.ecs.describe_task_definition(task.definition)
            shown = _task(self.ecs, cluster, definition, task, service_name)
            self.tasks[task.id] = shown
            self.ecs.tasks.setdefault(cluster_name, {})[shown.task_arn] = shown
        if task.machine is not None and shown.container_instance_arn is None:
            container = self.containers.get(task.machine)
            shown.container_instance_arn = container.container_instance_arn if container else None
        if task.status is Status.RUNNING and shown.started_at is None:
            shown.started_at = moment()
        if task.status in (Status.STOPPING, Status.STOPPED):
            shown.desired_status = "STOPPED"
            shown.stopping_at = shown.stopping_at or moment()
            shown.stopped_reason, shown.stop_code = task.reason, task.stop_code
        if task.status is Status.STOPPED:
            shown.stopped_at = shown.stopped_at or moment()
        if shown.last_status != str(task.status):
            shown.last_status = str(task.status)
            shown.version += 1
        for container in shown.containers:
            container.last_status = _container_status(task.status)
            container.exitCode = task.exit_code
            container.health_status = "UNKNOWN"
            if task.stop_code == "TaskFailedToStart":
                container.reason = task.reason

    def _show_service(self, state: State, key: str) -> None:
        cluster_name, name = key.split("/")
        service = self.ecs.services[f"{cluster_name}:{name}"]
        tasks = state.of(key)
        service.running_count = _count(tasks, (Status.RUNNING,))
        service.pending_count = _count(tasks, (Status.PROVISIONING, Status.PENDING))
        rollout = state.rollouts[key]
        first = next((d for d in service.deployments if d["status"] == "PRIMARY"), None)
        if first is None or first["taskDefinition"] != rollout.definition:
            for deployment in service.deployments:
                deployment["status"] = "ACTIVE"
            first = {
                "id": f"ecs-svc/{uuid4().int % 10**19:019d}",
                "status": "PRIMARY",
                "taskDefinition": rollout.definition,
                "createdAt": moment(),
                "rolloutState": "",
            }
            service.deployments = [first, *service.deployments]
        if first["rolloutState"] != rollout.state:
            first |= {
                "rolloutState": rollout.state,
                "rolloutStateReason": f"ECS deployment {first['id']} {_WORDS[rollout.state]}.",
                "updatedAt": moment(),
            }
        for deployment in service.deployments:
            mine = [t for t in tasks if t.definition == deployment["taskDefinition"]]
            deployment |= {
                "desiredCount": service.desired_count if deployment is first else 0,
                "runningCount": _count(mine, (Status.RUNNING,)),
                "pendingCount": _count(mine, (Status.PROVISIONING, Status.PENDING)),
                "failedTasks": rollout.failed_tasks if deployment is first else 0,
                "capacityProviderStrategy": service.capacity_provider_strategy,
            }
        service.deployments = [
            d for d in service.deployments if d is first or d["runningCount"] + d["pendingCount"]
        ]

    def _show_clusters(self, state: State) -> None:
        for cluster in self.ecs.clusters.values():
            here = [t for t in state.tasks.values() if t.service.split("/")[0] == cluster.name]
            cluster.running_tasks_count = _count(here, (Status.RUNNING,))
            cluster.pending_tasks_count = _count(here, (Status.PROVISIONING, Status.PENDING))
            cluster.registered_container_instances_count = len(
                self.ecs.container_instances.setdefault(cluster.name, {})
            )
            cluster.active_services_count = len(
                [
                    service
                    for service in self.ecs.services.values()
                    if service.cluster_name == cluster.name and service.status == "ACTIVE"
                ]
            )


_WORDS = {"IN_PROGRESS": "in progress", "COMPLETED": "completed", "FAILED": "failed"}


def _count(tasks: list[MindTask], statuses: tuple[Status, ...]) -> int:
    return len([task for task in tasks if task.status in statuses])


def _container_status(status: Status) -> str:
    if status is Status.STOPPING:
        return "RUNNING"
    return "PENDING" if status in LIVE and status is not Status.RUNNING else str(status)


def _task(ecs: Any, cluster: Any, definition: Any, task: MindTask, service: str) -> AgentTask:
    shown = AgentTask(
        cluster=cluster,
        task_definition=definition,
        container_instance_arn=None,
        resource_requirements=None,
        backend=ecs,
        group=f"service:{service}",
        launch_type="" if task.provider else "EC2",
        started_by="ecs-svc",
    )
    shown.id = task.id
    shown.launch_type = None if task.provider else "EC2"
    shown.capacity_provider_name = task.provider
    shown.created_at = moment()
    shown.started_at = shown.stopping_at = shown.stopped_at = None
    shown.stop_code, shown.stopped_reason = None, None
    shown.version = 1
    shown.cpu, shown.memory = str(task.need.cpu), str(task.need.memory)
    for container in shown.containers:
        container.task_arn = shown.task_arn
        container.exitCode = None
        container.reason = None
    return shown


def _resources(room: Room, machine: Machine) -> list[dict[str, Any]]:
    """What ECS lists of a container instance."""
    numbers = [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", room.cpu), ("MEMORY", room.memory))
    ]
    sets = [
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "2376", "51678"]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
    ]
    if machine.room.gpus:
        names = [f"GPU-{machine.key:08x}-{number}" for number in range(room.gpus)]
        sets.append({"name": "GPU", "type": "STRINGSET", "stringSetValue": names})
    return [*numbers, *sets]
