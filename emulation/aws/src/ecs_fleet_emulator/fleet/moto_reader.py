"""Reads snapshots for the simulation from moto's backends."""

import base64
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, FakeWarmPool
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.models import Service as EcsService

from ecs_fleet_emulator.simulation.snapshots import (
    CapacityProvider,
    Condition,
    Container,
    Dependency,
    Group,
    HealthCheck,
    LaunchHook,
    Placement,
    RegionSnapshot,
    Resources,
    Service,
    StrategyItem,
    WarmPool,
)
from ecs_fleet_emulator.tasks.container_spec import gpus, with_overrides

from .moto_records import is_suspended

LOG = logging.getLogger(__name__)

ACTIVE = "ACTIVE"
# The share of an instance's memory that it registers; kernel and ECS agent keep the rest.
_REGISTERED_MEMORY = 0.95
_CLUSTER = re.compile(r"ECS_CLUSTER=[\"']?([\w-]+)")
_SPOT_DRAINING = re.compile(r"ECS_ENABLE_SPOT_INSTANCE_DRAINING=[\"']?true")
_WARM_POOLS_CHECK = re.compile(r"ECS_WARM_POOLS_CHECK=[\"']?true")
_WARM_IMAGE = re.compile(r"WARM_UP_IMAGE=[\"']?([^\s\"']+)")
_COMPLETES_HOOK = "complete-lifecycle-action"
_LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
# The strategy `random` chooses any: the oldest is as good as another.
PLACEMENTS = {
    ("spread", "attribute:ecs.availability-zone"): Placement.SPREAD_ZONES,
    ("spread", "instanceid"): Placement.SPREAD_INSTANCES,
    ("binpack", "cpu"): Placement.BINPACK_CPU,
    ("binpack", "memory"): Placement.BINPACK_MEMORY,
}
_UNKNOWN_TYPE = Resources(cpu=4096, memory=15_000, gpus=1)


def read_snapshot(
    ecs: EC2ContainerServiceBackend, autoscaling: AutoScalingBackend
) -> RegionSnapshot:
    """All groups, capacity providers in use, and services of one region."""
    groups = [
        _group(group, _launch_hook(autoscaling, group.name))
        for group in list(autoscaling.autoscaling_groups.values())
    ]
    services: dict[str, Service] = {}
    unreadable = set()
    for service in list(ecs.services.values()):
        if service.status == ACTIVE and service.task_definition:
            key = f"{service.cluster_name}/{service.name}"
            try:
                services[key] = _service(ecs, service)
            except Exception:  # one service that makes no sense must not stop the others
                LOG.exception("the service %s is left as it is", key)
                unreadable.add(key)
    return RegionSnapshot(
        groups={group.name: group for group in groups},
        providers={provider.name: provider for provider in _providers(ecs)},
        services=services,
        unreadable=frozenset(unreadable),
    )


def _launch_hook(autoscaling: AutoScalingBackend, group: str) -> LaunchHook | None:
    """The lifecycle hook that holds a group's instances at their launch."""
    hooks = autoscaling.describe_lifecycle_hooks(group)
    hook = next((hook for hook in hooks if hook.lifecycle_transition == _LAUNCHING), None)
    return hook and LaunchHook(float(hook.heartbeat_timeout), hook.default_result == "CONTINUE")


def _group(group: FakeAutoScalingGroup, launch_hook: LaunchHook | None) -> Group:
    policy: Any = group.mixed_instances_policy or {}
    distribution = policy.get("InstancesDistribution", {})
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    types = [item["InstanceType"] for item in overrides if item.get("InstanceType")]
    # Simplified: a group only ever launches its first type.
    instance_type = (types or [group.instance_type])[0]
    user_data = _user_data(group)
    cluster = _CLUSTER.search(user_data)
    image = _WARM_IMAGE.search(user_data)
    return Group(
        name=group.name,
        desired=int(group.desired_capacity or 0),
        minimum=int(group.min_size or 0),
        maximum=int(group.max_size or 0),
        instance_type=instance_type,
        resources=_registered_resources(instance_type),
        cluster=cluster[1] if cluster else "default",
        on_demand_base=int(distribution.get("OnDemandBaseCapacity") or 0),
        on_demand_percent=int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)),
        protects_new=bool(group.new_instances_protected_from_scale_in),
        rebalances=bool(group.capacity_rebalance),
        spot_drains=bool(_SPOT_DRAINING.search(user_data)),
        warm_pool=_warm_pool(group.warm_pool),
        launch_hook=launch_hook,
        completes_hook=_COMPLETES_HOOK in user_data,
        warm_image=image[1] if image else None,
        waits_in_warm_pool=bool(_WARM_POOLS_CHECK.search(user_data)),
        zones=_zones(group),
        launches=not is_suspended(group, "Launch"),
        terminates=not is_suspended(group, "Terminate"),
    )


def _zones(group: FakeAutoScalingGroup) -> int:
    """How many subnets a group has, or zones if it names those alone."""
    subnets = list(filter(None, (group.vpc_zone_identifier or "").split(",")))
    return len(subnets or group.availability_zones or [""])


def _warm_pool(pool: FakeWarmPool | None) -> WarmPool | None:
    if pool is None or getattr(pool, "status", None):
        return None
    prepared = pool.max_group_prepared_capacity
    # -1 stands for the group's maximum.
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
    unset = prepared is None or int(prepared) < 0
    return WarmPool(int(pool.min_size or 0), None if unset else int(prepared))


def _user_data(group: FakeAutoScalingGroup) -> str:
    """The user data of the group's instances, as text."""
    data = group.user_data or ""
    try:
        return base64.b64decode(str(data), validate=True).decode()
    except ValueError:
        return str(data)


@cache
def _registered_resources(instance_type: str) -> Resources:
    """The resources that an instance type registers with ECS."""
    kind = INSTANCE_TYPES.get(instance_type)
    if kind is None:
        return _UNKNOWN_TYPE
    gpus = sum(int(gpu.get("Count", 0)) for gpu in kind.get("GpuInfo", {}).get("Gpus", []))
    memory = int(kind["MemoryInfo"]["SizeInMiB"] * _REGISTERED_MEMORY)
    return Resources(int(kind["VCpuInfo"]["DefaultVCpus"]) * 1024, memory, gpus)


def _providers(ecs: EC2ContainerServiceBackend) -> Iterator[CapacityProvider]:
    for cluster in list(ecs.clusters.values()):
        names = cluster.capacity_providers or [] if cluster.status == ACTIVE else []
        for provider in filter(None, map(ecs._get_provider, names)):
            details = provider.auto_scaling_group_provider
            scaling = details["managedScaling"]
            yield CapacityProvider(
                name=provider.name,
                cluster=cluster.name,
                group=details["autoScalingGroupArn"].split("autoScalingGroupName/")[-1],
                managed=scaling["status"] == "ENABLED",
                target=int(scaling["targetCapacity"]),
                minimum_step=int(scaling["minimumScalingStepSize"]),
                maximum_step=int(scaling["maximumScalingStepSize"]),
                warmup_seconds=float(scaling["instanceWarmupPeriod"]),
                protects=details["managedTerminationProtection"] == "ENABLED",
                drains=details.get("managedDraining", "ENABLED") == "ENABLED",
            )


def _service(ecs: EC2ContainerServiceBackend, service: EcsService) -> Service:
    definition = ecs.describe_task_definition(service.task_definition or "")
    containers: list[dict[str, Any]] = definition.container_definitions
    deployment = service.deployment_configuration
    breaker = deployment["deploymentCircuitBreaker"]
    return Service(
        key=f"{service.cluster_name}/{service.name}",
        desired=int(service.desired_count),
        definition=definition.arn,
        task_resources=_required_resources(definition),
        containers=read_containers(containers),
        strategy=_strategy_items(service.capacity_provider_strategy or []),
        minimum_percent=int(deployment["minimumHealthyPercent"]),
        maximum_percent=int(deployment["maximumPercent"]),
        circuit_breaker=bool(breaker["enable"]),
        rolls_back=bool(breaker["rollback"]),
        images=_images(containers),
        deployment=service.forced_deployments,
        daemon=service.scheduling_strategy == "DAEMON",
        distinct=any(c["type"] == "distinctInstance" for c in service.placement_constraints or []),
        health_grace=float(service.health_check_grace_period_seconds or 0),
        placement=tuple(_placements(service.placement_strategy or [])),
    )


def task_request(
    ecs: EC2ContainerServiceBackend, cluster: str, request: Mapping[str, Any]
) -> Service:
    """A request of RunTask, in the form of a service without a name."""
    definition = with_overrides(
        ecs.describe_task_definition(request["taskDefinition"]), request.get("overrides") or {}
    )
    strategy = request.get("capacityProviderStrategy") or []
    if not strategy and not request.get("launchType"):
        strategy = ecs.clusters[cluster].default_capacity_provider_strategy or []
    constraints = request.get("placementConstraints") or []
    return Service(
        key=f"{cluster}/",
        desired=0,
        definition=definition.arn,
        task_resources=_required_resources(definition),
        containers=read_containers(definition.container_definitions),
        strategy=_strategy_items(strategy),
        images=_images(definition.container_definitions),
        distinct=any(one["type"] == "distinctInstance" for one in constraints),
        placement=tuple(_placements(request.get("placementStrategy") or [])),
    )


def _strategy_items(strategy: Iterable[Mapping[str, Any]]) -> tuple[StrategyItem, ...]:
    return tuple(
        StrategyItem(
            item["capacityProvider"].split("/")[-1], item.get("weight", 0), item.get("base", 0)
        )
        for item in strategy
    )


def read_containers(definitions: Iterable[Mapping[str, Any]]) -> tuple[Container, ...]:
    """The containers of a task definition."""
    return tuple(
        Container(
            name=one["name"],
            essential=one.get("essential", True),
            depends_on=tuple(
                Dependency(found["containerName"], Condition(found["condition"]))
                for found in one.get("dependsOn") or []
            ),
            start_timeout=one.get("startTimeout"),
            stop_timeout=float(one.get("stopTimeout") or 30),
            health_check=_health_check(one.get("healthCheck")),
        )
        for one in definitions
    )


def _health_check(given: Mapping[str, Any] | None) -> HealthCheck | None:
    if not given or given["command"] == ["NONE"]:
        return None
    return HealthCheck(
        interval=float(given.get("interval") or 30),
        retries=int(given.get("retries") or 3),
        start_period=float(given.get("startPeriod") or 0),
    )


def _images(containers: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(one.get("image")) for one in containers)


def placement_rule(strategy: Mapping[str, str]) -> tuple[str, str]:
    """Type and field of a placement strategy; AWS takes the field in any case, and `host`.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
    """
    field = strategy.get("field", "").lower()
    return strategy["type"], "instanceid" if field == "host" else field


def _placements(strategies: Iterable[Mapping[str, str]]) -> Iterator[Placement]:
    for strategy in strategies:
        if strategy["type"] != "random":
            yield PLACEMENTS[placement_rule(strategy)]


def _required_resources(definition: TaskDefinition) -> Resources:
    """The resources that a task of the definition requires."""
    containers: list[dict[str, Any]] = definition.container_definitions
    cpu = definition.cpu or sum(int(c.get("cpu") or 0) for c in containers)
    memory = definition.memory or sum(
        int(c.get("memoryReservation") or c.get("memory") or 0) for c in containers
    )
    return Resources(int(cpu), int(memory), sum(map(gpus, containers)))
