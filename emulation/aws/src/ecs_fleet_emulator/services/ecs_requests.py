"""Checks ECS requests as AWS does, and refuses by name what the emulator does not act out."""

from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api import CommonServiceException
from moto.ecs.exceptions import TaskDefinitionNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend

from ecs_fleet_emulator.fleet.moto_reader import PLACEMENTS, placement_rule

from . import container_definitions
from .moto_service import refuse

Request = Mapping[str, Any]
_ACTIVE = "ACTIVE"
_MAX_COUNT = 10


def _invalid(text: str, code: str = "InvalidParameterException") -> CommonServiceException:
    return CommonServiceException(code, text, sender_fault=True)


def check_service(backend: EC2ContainerServiceBackend, request: Request) -> None:
    """Check the parameters of CreateService or UpdateService.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    strategy = request.get("capacityProviderStrategy") or []
    if request.get("launchType") and strategy:
        raise _invalid(
            "Specifying both a launch type and capacity provider strategy is not supported."
            " Remove one and try again."
        )
    if strategy:
        _check_strategy(backend, request.get("cluster"), strategy)
    check_placement(request)
    _check_daemon(request)
    if definition := request.get("taskDefinition"):
        _check_definition(backend, definition)


def check_run(backend: EC2ContainerServiceBackend, request: Request) -> None:
    """Check the parameters of RunTask."""
    name = (request.get("cluster") or "default").split("/")[-1]
    if name not in backend.clusters:
        raise _invalid("Cluster not found.", "ClusterNotFoundException")
    try:
        backend.describe_task_definition(request["taskDefinition"])
    except TaskDefinitionNotFoundException as error:
        raise _invalid("TaskDefinition not found.", "ClientException") from error
    if not 1 <= (request.get("count") or 1) <= _MAX_COUNT:
        raise _invalid(f"count must be from 1 to {_MAX_COUNT}.")
    check_service(backend, request)
    provider = request.get("capacityProviderStrategy") or (
        not request.get("launchType") and backend.clusters[name].default_capacity_provider_strategy
    )
    if not provider and not backend.container_instances.get(name):
        raise _invalid("No Container Instances were found in your cluster.")


def _check_daemon(request: Request) -> None:
    if request.get("schedulingStrategy") != "DAEMON":
        return
    if request.get("placementStrategy"):
        raise _invalid("Placement strategies are not supported with DAEMON scheduling strategy.")
    if request.get("capacityProviderStrategy"):
        raise _invalid("Capacity providers are not supported with DAEMON scheduling strategy.")


def _check_strategy(
    backend: EC2ContainerServiceBackend, cluster_name: str | None, strategy: Iterable[Request]
) -> None:
    cluster = backend.clusters.get((cluster_name or "default").split("/")[-1])
    associated = [one.split("/")[-1] for one in (cluster and cluster.capacity_providers) or []]
    for item in strategy:
        name = item["capacityProvider"].split("/")[-1]
        if name in ("FARGATE", "FARGATE_SPOT"):
            refuse(f"the capacity provider {name}")
        if backend._get_provider(name) is None:
            raise _invalid(
                f"The specified capacity provider '{name}' was not found."
                " Specify a valid name or ARN and try again."
            )
        if name not in associated:
            raise _invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that"
                " is not associated with the cluster. Associate the capacity provider with the"
                " cluster and try again."
            )


def check_placement(request: Request) -> None:
    """Check the placement rules of a service or a task."""
    for strategy in request.get("placementStrategy") or []:
        if strategy["type"] != "random" and placement_rule(strategy) not in PLACEMENTS:
            refuse(f"the placement strategy {strategy['type']} by {strategy.get('field')}")
    for constraint in request.get("placementConstraints") or []:
        if constraint["type"] != "distinctInstance":
            refuse(f"the placement constraint {constraint['type']}")


def _check_definition(backend: EC2ContainerServiceBackend, name: str) -> None:
    """A definition that does not exist is refused by moto."""
    try:
        definition = backend.describe_task_definition(name)
    except TaskDefinitionNotFoundException:
        return
    if definition.status != _ACTIVE:
        raise _invalid("TaskDefinition is inactive", "ClientException")
    if definition.network_mode == "awsvpc":
        refuse("networkMode awsvpc: tasks have the network of this machine")


def check_task_definition(_backend: EC2ContainerServiceBackend, request: Request) -> None:
    """Check the parameters of RegisterTaskDefinition.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
    """
    containers = request.get("containerDefinitions") or []
    if not request.get("executionRoleArn") and any("secrets" in one for one in containers):
        raise _invalid(
            "When you are specifying container secrets, you must also specify a value for"
            " 'executionRoleArn'.",
            "ClientException",
        )
    for text in container_definitions.errors(containers):
        raise _invalid(text, "ClientException")


def check_cluster_deletion(backend: EC2ContainerServiceBackend, request: Request) -> None:
    """Refuse to delete a cluster in use.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    name = request["cluster"].split("/")[-1]
    services = [one for one in backend.services.values() if one.cluster_name == name]
    if any(one.status == _ACTIVE for one in services):
        raise _invalid(
            "The Cluster cannot be deleted while Services are active.",
            "ClusterContainsServicesException",
        )
    if any(task.last_status != "STOPPED" for task in backend.tasks.get(name, {}).values()):
        raise _invalid(
            "The Cluster cannot be deleted while Tasks are active.", "ClusterContainsTasksException"
        )
    if backend.container_instances.get(name):
        raise _invalid(
            "The Cluster cannot be deleted while Container Instances are active or draining.",
            "ClusterContainsContainerInstancesException",
        )
