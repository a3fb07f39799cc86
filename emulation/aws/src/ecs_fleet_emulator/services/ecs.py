"""ECS of moto, whose services keep all parameters and whose tasks the fleet agent runs."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.connect import connect_to
from localstack.services.moto import call_moto
from localstack.services.plugins import Service
from localstack.utils.patch import patch
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import (
    CapacityProvider,
    EC2ContainerServiceBackend,
    TaskDefinition,
    ecs_backends,
)
from moto.ecs.models import Service as EcsService
from moto.ecs.responses import EC2ContainerServiceResponse

from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.endpoints import DEFAULT_PROTECTION_MINUTES
from ecs_fleet_emulator.fleet.moto_records import moto_now
from ecs_fleet_emulator.fleet.moto_writer import DRAINING, EcsTask

from . import ecs_requests, ecs_tags
from .ecs_members import ECS
from .moto_service import Operation, checked, moto_service
from .pages import PAGED, paged

# Parameters of CreateService and UpdateService that DescribeServices has to return, and defaults.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
_SERVICE_PARAMETERS: dict[str, Any] = {
    "capacityProviderStrategy": None,
    "deploymentConfiguration": None,
    "placementConstraints": [],
    "placementStrategy": [],
    "healthCheckGracePeriodSeconds": None,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "availabilityZoneRebalancing": None,
    "serviceConnectConfiguration": None,
}
_DEPLOYMENT = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
_MAX_PROTECTION_MINUTES = 2880
_CREATING = (
    "CreateCapacityProvider",
    "CreateCluster",
    "CreateService",
    "RegisterTaskDefinition",
    "RunTask",
)
"""Operations that take tags."""


def service(agent: FleetAgent) -> Service:
    """ECS, whose tasks a fleet agent runs."""
    _patch_services(agent)
    _patch_creation()
    _patch_capacity_providers()
    ecs_tags.apply_patches()
    handlers: dict[str, Operation] = {
        "UpdateTaskProtection": partial(_update_protection, agent),
        "GetTaskProtection": partial(_protection, agent, None),
        "RunTask": partial(_run_task, agent),
        "StopTask": partial(_stop_task, agent),
        "DescribeTasks": _describe_tasks,
        "UpdateContainerInstancesState": partial(_update_instances_state, agent),
        "RegisterTaskDefinition": checked(ecs_backends, ecs_requests.check_task_definition),
        "CreateService": checked(ecs_backends, ecs_requests.check_service),
        "UpdateService": checked(ecs_backends, ecs_requests.check_service),
        "DeleteCluster": checked(ecs_backends, ecs_requests.check_cluster_deletion),
        **ecs_tags.operations(),
        **{name: paged(key) for name, key in PAGED.items()},
        "ListContainerInstances": paged("containerInstanceArns", _list_instances),
    }
    for name in _CREATING:
        handlers[name] = ecs_tags.with_checked_tags(handlers.get(name, _of_moto))
    return moto_service("ecs", handlers, agent.notify, ECS)


def _of_moto(context: RequestContext, _request: Any) -> Any:
    return call_moto(context)


def _update_protection(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    minutes = request.get("expiresInMinutes") or DEFAULT_PROTECTION_MINUTES
    if not 1 <= minutes <= _MAX_PROTECTION_MINUTES:
        raise CommonServiceException(
            "InvalidParameterException",
            f"expiresInMinutes is {minutes}: from 1 to {_MAX_PROTECTION_MINUTES} is allowed",
        )
    change = (bool(request["protectionEnabled"]), minutes)
    return _protection(agent, change, context, request)


def _protection(
    agent: FleetAgent, change: tuple[bool, int] | None, context: RequestContext, request: Any
) -> dict[str, Any]:
    """The scale-in protection of tasks, after a change if one is given."""
    found, failures = [], []
    with agent.region(context.account_id, context.region) as region:
        for name in request.get("tasks") or []:
            protection = region.protection(name.split("/")[-1], change)
            if protection is None:
                failures.append({"arn": name, "reason": "MISSING"})
            else:
                found.append(protection)
    return {"protectedTasks": found, "failures": failures}


def _run_task(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    ecs_requests.check_run(ecs_backends[context.account_id][context.region], request)
    with agent.region(context.account_id, context.region) as region:
        # A repeated request starts nothing more.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        started = region.tasks_of_token(request.get("clientToken")) or region.run_tasks(request)
    missing = (request.get("count") or 1) - len(started)
    return {
        "tasks": _described(context, started),
        "failures": [{"reason": "RESOURCE:CPU"}] * missing,
    }


def _described(context: RequestContext, tasks: Sequence[EcsTask]) -> list[dict[str, Any]]:
    """Tasks as DescribeTasks shows them."""
    if not tasks:
        return []
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region).ecs
    found: list[dict[str, Any]] = client.describe_tasks(
        cluster=tasks[0].cluster_name, tasks=[task.task_arn for task in tasks]
    )["tasks"]
    return found


def _stop_task(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    with agent.region(context.account_id, context.region) as region:
        task = region.stop_task(request["task"].split("/")[-1], request.get("reason") or "")
    if task is None:
        raise CommonServiceException(
            "InvalidParameterException", "The referenced task was not found."
        )
    return {"task": _described(context, [task])[0]}


def _update_instances_state(agent: FleetAgent, context: RequestContext, request: Any) -> Any:
    """Begin or end the draining of container instances."""
    with agent.region(context.account_id, context.region) as region:
        for name in request["containerInstances"]:
            region.set_draining(name.split("/")[-1], request["status"] == "DRAINING")
    return call_moto(context)


def _describe_tasks(context: RequestContext, request: Any) -> dict[str, Any]:
    """DescribeTasks: those of the cluster, and which of them there are not."""
    answer: Any = call_moto(context)
    cluster = (request.get("cluster") or "default").split("/")[-1]
    prefix = f"arn:aws:ecs:{context.region}:{context.account_id}:task/{cluster}/"
    arns = {name: name if ":" in name else prefix + name for name in request["tasks"]}
    found = [one for one in answer["tasks"] if one["taskArn"].startswith(prefix)]
    missing = set(arns.values()) - {one["taskArn"] for one in found}
    failures = [{"arn": arn, "reason": "MISSING"} for arn in arns.values() if arn in missing]
    return {"tasks": found, "failures": failures}


def _list_instances(context: RequestContext, request: Any) -> Any:
    """ListContainerInstances: those with the status that is asked for."""
    answer: Any = call_moto(context)
    if request.get("status"):
        backend = ecs_backends[context.account_id][context.region]
        cluster = (request.get("cluster") or "default").split("/")[-1]
        answer["containerInstanceArns"] = [
            one.container_instance_arn
            for one in backend.container_instances.get(cluster, {}).values()
            if one.status == request["status"]
        ]
    return answer


def _set_parameters(service: EcsService, given: Mapping[str, Any]) -> None:
    """Make a service keep the parameters that it was created with."""
    for name, default in _SERVICE_PARAMETERS.items():
        # moto's serialiser takes a member of AWS's model from the attribute of this name.
        setattr(service, camelcase_to_underscores(name), given.get(name, default))
    service.deployment_configuration = _DEPLOYMENT | (given.get("deploymentConfiguration") or {})
    if given.get("capacityProviderStrategy") or not given.get("launchType"):
        cluster = service._backend.clusters[service.cluster_name]
        strategy = given.get("capacityProviderStrategy")
        service.capacity_provider_strategy = _strategy(
            strategy or cluster.default_capacity_provider_strategy or []
        )
    if service.capacity_provider_strategy:
        service.launch_type = None
    service.network_configuration = given.get("networkConfiguration") or None
    service.running_count = service.pending_count = 0
    service.deployments = []
    service.created_at = moto_now()
    service.deployments_changed = None
    service.forced_deployments = 0


def _strategy(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"weight": 0, "base": 0, **item} for item in items]


def _update(
    agent: FleetAgent, backend: EC2ContainerServiceBackend, properties: dict[str, Any]
) -> EcsService:
    """UpdateService: change the given parameters only; the fleet agent deploys at once."""
    cluster = properties.pop("cluster", "default")
    name = properties.pop("service").split("/")[-1]
    service = backend._get_service(cluster, name)
    if properties.pop("force_new_deployment", False):
        service.forced_deployments += 1
    if definition := properties.pop("task_definition", None):
        service.task_definition = backend.describe_task_definition(definition).arn
    for attribute, value in properties.items():
        if value is None:
            continue
        if attribute == "capacity_provider_strategy":
            service.capacity_provider_strategy = _strategy(value)
            service.launch_type = None
        elif attribute == "deployment_configuration":
            service.deployment_configuration = {**service.deployment_configuration, **value}
        else:
            setattr(service, attribute, value)
    # So that the answer shows the new deployment beside the one that it replaces.
    with agent.region(backend.account_id, backend.region_name) as region:
        region.step()
    return service


def _list_tasks(
    backend: EC2ContainerServiceBackend,
    cluster_str: str | None = None,
    container_instance: str | None = None,
    family: str | None = None,
    started_by: str | None = None,
    service_name: str | None = None,
    desired_status: str | None = None,
) -> list[Any]:
    """ListTasks: apply all filters, and leave out stopped tasks by default."""
    cluster = backend._get_cluster(cluster_str or "default")
    wanted = desired_status or "RUNNING"
    definitions = backend.list_task_definitions(family) if family else []
    group = f"service:{service_name.split('/')[-1]}" if service_name else None
    instance = container_instance.split("/")[-1] if container_instance else None
    return [
        task
        for task in backend.tasks.get(cluster.name, {}).values()
        if task.desired_status == ("RUNNING" if wanted == "PENDING" else wanted)
        and (group is None or task.group == group)
        and (instance is None or (task.container_instance_arn or "").endswith(f"/{instance}"))
        and (not family or task.task_definition_arn in definitions)
        and (not started_by or task.started_by == started_by)
    ]


def _patch_services(agent: FleetAgent) -> None:
    backend = EC2ContainerServiceBackend
    backend.update_service = lambda self, properties: _update(agent, self, properties)
    backend.list_tasks = lambda self, *args: _list_tasks(self, *args)
    # ECS allows memoryReservation without memory on EC2, too.
    validate = backend._validate_container_defs
    backend._validate_container_defs = staticmethod(
        lambda memory, containers, _compatibilities: validate(memory, containers, None)
    )

    @patch(backend.delete_service)  # type: ignore[untyped-decorator]  # as above
    def _delete_service(original: Any, self: Any, cluster: str, name: str, force: bool) -> Any:
        service = self._get_service(cluster, name)
        running, pending = service.running_count, service.pending_count
        deleted = original(self, cluster, name, force)
        deleted.desired_count = 0
        if running + pending:
            deleted.status, deleted.pending_count = DRAINING, pending
        return deleted

    @patch(backend.delete_task_definitions)  # type: ignore[untyped-decorator]  # as above
    def _delete_definitions(original: Any, self: Any, *, task_definitions: list[str]) -> Any:
        deleted, failures = original(self, task_definitions)
        for definition in deleted:
            # What services and tasks use stays until they use another.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/delete-task-definition-v2.html
            if definition.arn in _used_definitions(self):
                self.task_definitions[definition.family][definition.revision] = definition
        return deleted, failures

    @patch(TaskDefinition.__init__)  # type: ignore[untyped-decorator]  # moto is untyped here
    def _definition(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if "FARGATE" not in (kwargs.get("requires_compatibilities") or []):
            self.compatibilities = ["EC2"]


def _patch_creation() -> None:
    @patch(EC2ContainerServiceResponse.create_service)  # type: ignore[untyped-decorator]
    def _create_service(original: Any, response: Any) -> ActionResult:
        given = response._get_params()
        cluster = response.ecs_backend.clusters.get(given.get("cluster", "default").split("/")[-1])
        name = given["serviceName"]
        existing = response.ecs_backend.services.get(f"{cluster.name}:{name}") if cluster else None
        token = given.get("clientToken")
        if existing is not None and existing.status == DRAINING:
            raise InvalidParameterException("Unable to Start a service that is still Draining.")
        if existing is not None and existing.status == "ACTIVE":
            if token and token == getattr(existing, "client_token", None):
                return ActionResult({"service": existing})
            raise InvalidParameterException("Creation of service was not idempotent.")
        result: ActionResult = original(response)
        answer: Any = result.result
        _set_parameters(answer["service"], given)
        answer["service"].client_token = token
        return result


def _used_definitions(backend: EC2ContainerServiceBackend) -> set[str]:
    """The task definitions of services, and of tasks that have not stopped."""
    tasks = [task for tasks in backend.tasks.values() for task in tasks.values()]
    return {
        *(one.task_definition for one in backend.services.values() if one.status == "ACTIVE"),
        *(task.task_definition_arn for task in tasks if task.last_status != "STOPPED"),
    }


def _patch_capacity_providers() -> None:
    @patch(CapacityProvider.__init__)  # type: ignore[untyped-decorator]  # as above
    def _init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.auto_scaling_group_provider.setdefault("managedDraining", "ENABLED")

    @patch(CapacityProvider.update)  # type: ignore[untyped-decorator]  # as above
    def _update_provider(original: Any, self: Any, details: dict[str, Any]) -> None:
        original(self, details)
        if "managedDraining" in details:
            self.auto_scaling_group_provider["managedDraining"] = details["managedDraining"]

    @patch(EC2ContainerServiceBackend.describe_capacity_providers)  # type: ignore[untyped-decorator]
    def _all_providers(original: Any, self: Any, names: list[str] | None) -> Any:
        return original(self, names or list(self.capacity_providers))
