"""Reads snapshots for the simulation from moto's backends."""

import base64
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.models import Service as EcsService

from discord_diffusion_emulator.simulation.snapshots import (
    CapacityProvider,
    Group,
    RegionSnapshot,
    Resources,
    Service,
    StrategyItem,
)
from discord_diffusion_emulator.tasks.container_spec import gpus

ACTIVE = "ACTIVE"
# The share of an instance's memory that it registers; kernel and ECS agent keep the rest.
_REGISTERED_MEMORY = 0.95
_CLUSTER = re.compile(r"ECS_CLUSTER=[\"']?([\w-]+)")
_SPOT_DRAINING = re.compile(r"ECS_ENABLE_SPOT_INSTANCE_DRAINING=[\"']?true")
_UNKNOWN_TYPE = Resources(cpu=4096, memory=15_000, gpus=1)


def read_snapshot(
    ecs: EC2ContainerServiceBackend, autoscaling: AutoScalingBackend
) -> RegionSnapshot:
    """All groups, capacity providers in use, and services of one region."""
    groups = [_group(group) for group in list(autoscaling.autoscaling_groups.values())]
    services = [
        _service(ecs, service)
        for service in list(ecs.services.values())
        if service.status == ACTIVE and service.task_definition
    ]
    return RegionSnapshot(
        groups={group.name: group for group in groups},
        providers={provider.name: provider for provider in _providers(ecs)},
        services={service.key: service for service in services},
    )


def _group(group: FakeAutoScalingGroup) -> Group:
    policy: Any = group.mixed_instances_policy or {}
    distribution = policy.get("InstancesDistribution", {})
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    types = [item["InstanceType"] for item in overrides if item.get("InstanceType")]
    # Simplified: a group only ever launches its first type.
    instance_type = (types or [group.instance_type])[0]
    user_data = _user_data(group)
    cluster = _CLUSTER.search(user_data)
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
    )


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
        stop_timeout=max(float(c.get("stopTimeout") or 30) for c in containers),
        strategy=tuple(
            StrategyItem(item["capacityProvider"], item["weight"], item["base"])
            for item in service.capacity_provider_strategy or []
        ),
        minimum_percent=int(deployment["minimumHealthyPercent"]),
        maximum_percent=int(deployment["maximumPercent"]),
        circuit_breaker=bool(breaker["enable"]),
        rolls_back=bool(breaker["rollback"]),
    )


def _required_resources(definition: TaskDefinition) -> Resources:
    """The resources that a task of the definition requires."""
    containers: list[dict[str, Any]] = definition.container_definitions
    cpu = definition.cpu or sum(int(c.get("cpu") or 0) for c in containers)
    memory = definition.memory or sum(
        int(c.get("memoryReservation") or c.get("memory") or 0) for c in containers
    )
    return Resources(int(cpu), int(memory), sum(map(gpus, containers)))
