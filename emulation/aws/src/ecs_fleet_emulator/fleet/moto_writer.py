"""Writes the simulation's tasks and instances into moto's backends, which answer the AWS APIs."""

import copy
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend
from moto.ecs.models import Container as MotoContainer
from moto.ecs.models import ContainerInstance, EC2ContainerServiceBackend
from moto.ecs.models import Service as EcsService
from moto.ecs.models import Task as MotoTask

from ecs_fleet_emulator.simulation.snapshots import RegionSnapshot, Resources
from ecs_fleet_emulator.simulation.state import (
    FleetState,
    Instance,
    Status,
    Task,
)

from .moto_records import moto_now, warm_instances
from .task_tags import Tags, managed_tags, propagated_tags, tags_of_task

MAX_EVENTS = 100
DRAINING = "DRAINING"
"""The status of a deleted service with tasks that have to be stopped."""
_NUMBER = "number"
"""Tells deployments of the same task definition apart; no member of ECS's model, so never shown."""
_NOT_RUNNING_YET = (Status.PROVISIONING, Status.PENDING)


class EcsTask(MotoTask):  # type: ignore[misc]  # moto is untyped here
    """A task as ECS shows it, whose status comes from the simulation."""

    last_status = "PROVISIONING"

    def advance(self) -> None:
        """Do nothing: moto would change the status with every call that describes the task."""


def add_event(service: EcsService, text: str) -> None:
    """Add an event to a service."""
    event = {"id": str(uuid4()), "createdAt": moto_now(), "message": text}
    service.events = [event, *service.events][:MAX_EVENTS]


class MotoWriter:
    """Keeps one region's backends equal to its simulation.

    `instances` are EC2's and `container_instances` ECS's, by the simulation's keys; `requests` are
    those of RunTask, by the task's id.
    """

    def __init__(self, ecs: EC2ContainerServiceBackend, autoscaling: AutoScalingBackend) -> None:
        self._ecs = ecs
        self._autoscaling = autoscaling
        self.instances: dict[int, Any] = {}
        self.container_instances: dict[int, ContainerInstance] = {}
        self.tasks: dict[str, EcsTask] = {}
        self.requests: dict[str, Mapping[str, Any]] = {}

    @property
    def instance_ids(self) -> dict[int, str]:
        """EC2's ids of the instances, by the simulation's keys."""
        return {key: instance.id for key, instance in self.instances.items()}

    def write(
        self, state: FleetState, snapshot: RegionSnapshot, protected: dict[int, bool]
    ) -> None:
        """Write all changes. `protected` says which instances are protected from scale-in."""
        for key, instance in state.instances.items():
            self._write_instance(state, instance, protected.get(key, False))
        for key in set(self.container_instances) - set(state.instances):
            self._deregister(key)
        for task in state.tasks.values():
            self._write_task(task)
        for task_id in set(self.tasks) - set(state.tasks):
            deleted = self.tasks.pop(task_id)
            self.requests.pop(task_id, None)
            self._ecs.tasks.get(deleted.cluster_name, {}).pop(deleted.task_arn, None)
        for service in snapshot.services:
            self._write_service(state, service)
        self._write_draining(state)
        self._write_clusters(state)

    def _write_instance(self, state: FleetState, instance: Instance, protected: bool) -> None:
        ec2_instance = self.instances.get(instance.key)
        if ec2_instance is None:
            return
        group = self._autoscaling.autoscaling_groups.get(instance.group)
        for member in [*group.instance_states, *warm_instances(group)] if group else []:
            if member.instance.id == ec2_instance.id:
                member.lifecycle_state = str(instance.phase)
                member.protected_from_scale_in = protected
        if instance.registered:
            self._register(instance, ec2_instance.id)
        elif instance.key in self.container_instances:
            self._deregister(instance.key)
        container = self.container_instances.get(instance.key)
        if container is None:
            return
        tasks = state.tasks_on(instance.key)
        container.status = "DRAINING" if instance.draining else "ACTIVE"
        container.agent_connected = state.is_connected(instance)
        # A task that is being stopped is no longer counted, though its process still runs.
        container.running_tasks_count = _count(tasks, (Status.RUNNING,))
        container.pending_tasks_count = _count(tasks, (Status.PENDING,))
        container.remaining_resources = _resources(state.free(instance), instance)

    def _register(self, instance: Instance, instance_id: str) -> None:
        if instance.key in self.container_instances or instance.cluster not in self._ecs.clusters:
            return
        container = self._ecs.register_container_instance(instance.cluster, instance_id)
        container.registered_resources = _resources(instance.resources, instance)
        suffix = f"autoScalingGroupName/{instance.group}"
        container.capacity_provider_name = next(
            (
                provider.name
                for provider in self._ecs.capacity_providers.values()
                if provider.auto_scaling_group_provider["autoScalingGroupArn"].endswith(suffix)
            ),
            None,
        )
        container.version = 1
        self.container_instances[instance.key] = container

    def _deregister(self, key: int) -> None:
        container = self.container_instances.pop(key)
        registered = self._ecs.container_instances.get(container.cluster_name, {})
        registered.pop(container.container_instance_arn.split("/")[-1], None)

    def _write_task(self, task: Task) -> None:
        cluster_name, service_name = task.service.split("/")
        ecs_task = self.tasks.get(task.id)
        if ecs_task is None:
            cluster = self._ecs.clusters[cluster_name]
            definition = self._ecs.describe_task_definition(task.definition)
            ecs_task = _task(self._ecs, cluster, definition, task, service_name)
            request = self.requests.get(task.id, {})
            _describe_request(ecs_task, definition.family, request)
            service = self._ecs.services.get(f"{cluster_name}:{service_name}")
            ecs_task.tags = _tags(request, definition, service, cluster_name)
            self.tasks[task.id] = ecs_task
            self._ecs.tasks.setdefault(cluster_name, {})[ecs_task.task_arn] = ecs_task
        host = self.container_instances.get(task.instance or 0)
        if host is not None and ecs_task.container_instance_arn is None:
            ecs_task.container_instance_arn = host.container_instance_arn
        if task.status is Status.RUNNING and ecs_task.started_at is None:
            ecs_task.started_at = moto_now()
        if task.status in (Status.STOPPING, Status.STOPPED):
            ecs_task.desired_status = "STOPPED"
            ecs_task.stopping_at = ecs_task.stopping_at or moto_now()
            ecs_task.stopped_reason, ecs_task.stop_code = task.reason, task.stop_code
        if task.status is Status.STOPPED:
            ecs_task.stopped_at = ecs_task.stopped_at or moto_now()
        if ecs_task.last_status != str(task.status):
            ecs_task.last_status = str(task.status)
            ecs_task.version += 1
        ecs_task.health_status = str(task.health)
        for container, found in zip(ecs_task.containers, task.containers, strict=True):
            if found.started is not None and container.started_at is None:
                container.started_at = moto_now()
            container.last_status = str(found.status)
            container.exitCode = found.exit_code
            container.health_status = str(found.health)
            container.reason = found.reason or None

    def _write_service(self, state: FleetState, key: str) -> None:
        cluster_name, name = key.split("/")
        service = self._ecs.services[f"{cluster_name}:{name}"]
        tasks = state.tasks_of(key)
        service.running_count = _count(tasks, (Status.RUNNING,))
        service.pending_count = _count(tasks, _NOT_RUNNING_YET)
        deployment = state.deployments[key]
        primary = next((d for d in service.deployments if d["status"] == "PRIMARY"), None)
        if primary is None or _deployment_id(primary) != (deployment.definition, deployment.number):
            for record in service.deployments:
                record["status"] = "ACTIVE"
            primary = {
                "id": f"ecs-svc/{uuid4().int % 10**19:019d}",
                "status": "PRIMARY",
                "taskDefinition": deployment.definition,
                _NUMBER: deployment.number,
                "createdAt": moto_now(),
                "rolloutState": "",
            }
            service.deployments = [primary, *service.deployments]
        if primary["rolloutState"] != deployment.state:
            words = deployment.state.replace("_", " ").lower()
            primary |= {
                "rolloutState": deployment.state,
                "rolloutStateReason": f"ECS deployment {primary['id']} {words}.",
                "updatedAt": moto_now(),
            }
        for record in service.deployments:
            own = [t for t in tasks if (t.definition, t.deployment) == _deployment_id(record)]
            record |= {
                "desiredCount": service.desired_count if record is primary else 0,
                "runningCount": _count(own, (Status.RUNNING,)),
                "pendingCount": _count(own, _NOT_RUNNING_YET),
                "failedTasks": deployment.failed_tasks if record is primary else 0,
                "capacityProviderStrategy": service.capacity_provider_strategy,
            }
        service.deployments = [
            d for d in service.deployments if d is primary or d["runningCount"] + d["pendingCount"]
        ]

    def _write_draining(self, state: FleetState) -> None:
        """Deleted services are inactive once all of their tasks stop."""
        for service in self._ecs.services.values():
            if service.status == DRAINING:
                tasks = state.tasks_of(f"{service.cluster_name}/{service.name}")
                service.running_count = _count(tasks, (Status.RUNNING,))
                service.pending_count = _count(tasks, _NOT_RUNNING_YET)
                service.status = DRAINING if tasks else "INACTIVE"

    def _write_clusters(self, state: FleetState) -> None:
        for cluster in self._ecs.clusters.values():
            tasks = [t for t in state.tasks.values() if t.service.split("/")[0] == cluster.name]
            cluster.running_tasks_count = _count(tasks, (Status.RUNNING,))
            cluster.pending_tasks_count = _count(tasks, _NOT_RUNNING_YET)
            registered = self._ecs.container_instances.setdefault(cluster.name, {})
            cluster.registered_container_instances_count = len(registered)
            services = [s for s in self._ecs.services.values() if s.cluster_name == cluster.name]
            cluster.active_services_count = len([s for s in services if s.status == "ACTIVE"])


def _describe_request(ecs_task: EcsTask, family: str, request: Mapping[str, Any]) -> None:
    """Make a task that was run by itself show with what."""
    if request:
        ecs_task.group = request.get("group") or f"family:{family}"
        ecs_task.started_by = request.get("startedBy") or ""
        ecs_task.overrides = request.get("overrides") or {}


def _tags(
    request: Mapping[str, Any], definition: Any, service: EcsService | None, cluster: str
) -> Tags:
    """The tags of a new task of a service, or of a request."""
    if service is None:
        propagated = propagated_tags(request.get("propagateTags"), definition, None)
        managed = managed_tags(request.get("enableECSManagedTags"), cluster, "")
        return tags_of_task(request.get("tags") or [], propagated, managed)
    propagated = propagated_tags(service.propagate_tags, definition, service)
    managed = managed_tags(service.enable_ecs_managed_tags, cluster, service.name)
    return tags_of_task([], propagated, managed)


def _deployment_id(record: dict[str, Any]) -> tuple[str, int]:
    return record["taskDefinition"], record[_NUMBER]


def _count(tasks: list[Task], statuses: tuple[Status, ...]) -> int:
    return len([task for task in tasks if task.status in statuses])


def _task(ecs: Any, cluster: Any, definition: Any, task: Task, service: str) -> EcsTask:
    ecs_task = EcsTask(
        cluster=cluster,
        task_definition=definition,
        container_instance_arn=None,
        resource_requirements=None,
        backend=ecs,
        group=f"service:{service}",
        launch_type="" if task.provider else "EC2",
        started_by="ecs-svc",
    )
    ecs_task.id = task.id
    ecs_task.launch_type = None if task.provider else "EC2"
    ecs_task.capacity_provider_name = task.provider
    ecs_task.created_at = moto_now()
    ecs_task.started_at = ecs_task.stopping_at = ecs_task.stopped_at = None
    ecs_task.stop_code, ecs_task.stopped_reason = None, None
    ecs_task.version = 1
    ecs_task.cpu, ecs_task.memory = str(task.resources.cpu), str(task.resources.memory)
    ecs_task.containers = [
        _container(ecs_task, definition, one) for one in definition.container_definitions
    ]
    return ecs_task


def _container(ecs_task: EcsTask, definition: Any, given: Mapping[str, Any]) -> MotoContainer:
    """A container of a task, as ECS shows it."""
    alone = copy.copy(definition)
    alone.container_definitions = [given]  # moto describes the first one only
    container = MotoContainer(alone)
    container.container_arn = f"{ecs_task.task_arn.replace(':task/', ':container/')}/{uuid4()}"
    container.task_arn = ecs_task.task_arn
    container.runtime_id = f"{ecs_task.id}-{uuid4().int % 10**10:010d}"
    container.cpu = str(given.get("cpu") or 0)
    for attribute, name in (("memory", "memory"), ("memory_reservation", "memoryReservation")):
        setattr(container, attribute, str(given[name]) if given.get(name) else None)
    container.health_check = given.get("healthCheck")
    container.exitCode = container.reason = container.started_at = None
    return container


def _resources(resources: Resources, instance: Instance) -> list[dict[str, Any]]:
    """The resources of a container instance, in the form of ECS's API."""
    numbers = [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", resources.cpu), ("MEMORY", resources.memory))
    ]
    sets = [
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "2376", "51678"]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
    ]
    if instance.resources.gpus:
        names = [f"GPU-{instance.key:08x}-{number}" for number in range(resources.gpus)]
        sets.append({"name": "GPU", "type": "STRINGSET", "stringSetValue": names})
    return [*numbers, *sets]
