"""Application Auto Scaling of ECS services: what its policies and scheduled actions do.

https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from moto.applicationautoscaling.models import applicationautoscaling_backends

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.simulation.cooldowns import (
    Cooldown,
    CooldownSeconds,
    Limits,
    allowed_capacity,
)
from ecs_fleet_emulator.simulation.step_scaling import Policy, Step, new_capacity
from ecs_fleet_emulator.simulation.target_tracking import (
    ScaleInVotes,
    proportional_capacity,
)

from .moto_records import AlarmedMetric, add_activity, moto_now

if TYPE_CHECKING:
    from .region import Region

LOG = logging.getLogger(__name__)

DIMENSION = "ecs:service:DesiredCount"
TRACKING, STEPS = "TargetTrackingScaling", "StepScaling"
CONFIGURATIONS = {
    STEPS: "StepScalingPolicyConfiguration",
    TRACKING: "TargetTrackingScalingPolicyConfiguration",
}
"""The members of a request with what a policy of a type does."""
_DEFAULT_COOLDOWN = 300
# An alarm acts at every evaluation; a policy's vote lasts until the one after the next.
_VOTE_SECONDS = 120


def missing_configuration(kind: str, request: Mapping[str, Any], old_kind: str | None) -> str:
    """The member that a request lacks for a policy of a type, which had an old one; empty if none.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
    """
    name = CONFIGURATIONS[kind]
    return "" if request.get(name) or kind == old_kind else name


def backend_of(region: "Region") -> Any:
    """moto's backend of Application Auto Scaling."""
    return applicationautoscaling_backends[region.account][region.name]


def carry_out_policy(region: "Region", arn: str, seen: AlarmedMetric) -> None:
    """Set the desired count of a policy's ECS service, after its alarm saw a metric."""
    backend = backend_of(region)
    policy = next((p for p in backend.policies.values() if p.policy_arn == arn), None)
    targets = backend.targets.get(DIMENSION, {})
    target = targets.get(policy.resource_id) if policy is not None else None
    if policy is None or target is None:
        LOG.warning("the alarm %s has the policy %s, which scales nothing", seen.alarm, arn)
        return
    service = _service(region, policy.resource_id)
    if service is None:
        return
    before = service.desired_count
    wanted = _wanted(region, policy, target, before, seen)
    if wanted is None:
        return
    direction = "Out" if wanted > before else "In"
    if (target.suspended_state or {}).get(f"DynamicScaling{direction}Suspended"):
        return
    cause = f"monitor alarm {seen.alarm} in state ALARM triggered policy {policy.policy_name}"
    _set_desired_count(region, policy.resource_id, wanted, cause)


def carry_out_action(region: "Region", action: Any) -> None:
    """Change a target's limits as its scheduled action says, and its service's desired count."""
    backend = backend_of(region)
    target = backend.targets.get(action.scalable_dimension, {}).get(action.resource_id)
    if target is None or (target.suspended_state or {}).get("ScheduledScalingSuspended"):
        return
    given = action.scalable_target_action or {}
    target.update(given.get("MinCapacity"), given.get("MaxCapacity"), None)
    limits = " and ".join(
        f"{word} capacity to {given[name]}"
        for word, name in (("min", "MinCapacity"), ("max", "MaxCapacity"))
        if given.get(name) is not None
    )
    cause = f"scheduled action name {action.scheduled_action_name} was triggered"
    _record(backend, action.resource_id, f"Setting {limits}.", f"Successfully set {limits}", cause)
    keep_within_limits(region, target)


def keep_within_limits(region: "Region", target: Any) -> None:
    """Set a service's desired count to the limit that it is beyond, as AWS does at once."""
    service = _service(region, target.resource_id)
    if service is None:
        return
    least, most = int(target.min_capacity), int(target.max_capacity)
    if service.desired_count < least:
        cause = f"minimum capacity was set to {least}"
        _set_desired_count(region, target.resource_id, least, cause)
    elif service.desired_count > most:
        cause = f"maximum capacity was set to {most}"
        _set_desired_count(region, target.resource_id, most, cause)


def _service(region: "Region", resource_id: str) -> Any:
    """moto's record of an active service; None if there is none."""
    _, cluster, name = resource_id.split("/")
    service = region.ecs.services.get(f"{cluster}:{name}")
    return service if service is not None and service.status == "ACTIVE" else None


def _wanted(
    region: "Region", policy: Any, target: Any, capacity: int, seen: AlarmedMetric
) -> int | None:
    limits = Limits(int(target.min_capacity), int(target.max_capacity))
    cooldown: Cooldown = target.__dict__.setdefault("fleet_cooldown", Cooldown())
    speed, now = region.settings.alarm_speed, CLOCK.monotonic()
    if policy.policy_type == STEPS:
        return new_capacity(
            _step_scaling_policy(policy.step_scaling_policy_configuration, speed),
            seen.value - seen.threshold,
            above=seen.above,
            capacity=capacity,
            limits=limits,
            cooldown=cooldown,
            now=now,
        )
    given = policy.target_tracking_scaling_policy_configuration
    aim, value = float(given["TargetValue"]), seen.value
    wanted = proportional_capacity(capacity, value, aim)
    if not seen.above:
        votes: ScaleInVotes = target.__dict__.setdefault("fleet_votes", ScaleInVotes())
        votes.cast(policy.policy_name, wanted, now + _VOTE_SECONDS / speed)
        agreed = votes.agreed(_scaling_in(region, policy.resource_id), now)
        if agreed is None or agreed >= capacity:
            return None
        wanted = agreed
    seconds = CooldownSeconds(
        float(given.get("ScaleOutCooldown", _DEFAULT_COOLDOWN)) / speed,
        float(given.get("ScaleInCooldown", _DEFAULT_COOLDOWN)) / speed,
    )

    def from_base(base: int) -> int:
        return proportional_capacity(base, value, aim) if seen.above else wanted

    return allowed_capacity(from_base, capacity, limits, cooldown, seconds, now)


def _scaling_in(region: "Region", resource_id: str) -> list[str]:
    """The policies of target tracking that have to agree to a scale-in."""
    return [
        policy.policy_name
        for policy in backend_of(region).policies.values()
        if policy.resource_id == resource_id
        and policy.policy_type == TRACKING
        and not policy.target_tracking_scaling_policy_configuration.get("DisableScaleIn")
    ]


def _set_desired_count(region: "Region", resource_id: str, wanted: int, cause: str) -> None:
    _service(region, resource_id).desired_count = wanted
    _record(
        backend_of(region),
        resource_id,
        f"Setting desired count to {wanted}.",
        f"Successfully set desired count to {wanted}.",
        cause,
    )


def _record(backend: Any, resource_id: str, description: str, message: str, cause: str) -> None:
    now = moto_now()
    activity = {
        "ActivityId": str(uuid4()),
        "ServiceNamespace": "ecs",
        "ResourceId": resource_id,
        "ScalableDimension": DIMENSION,
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
        "StatusMessage": message,
    }
    add_activity(backend, activity)


def _step_scaling_policy(given: Mapping[str, Any], speed: float) -> Policy:
    steps = [
        Step(
            int(step["ScalingAdjustment"]),
            step.get("MetricIntervalLowerBound"),
            step.get("MetricIntervalUpperBound"),
        )
        for step in given.get("StepAdjustments") or []
    ]
    return Policy(
        adjustment_type=given["AdjustmentType"],
        steps=steps,
        # Divided like the alarm's period and evaluation interval, to which the cooldown belongs.
        cooldown=float(given.get("Cooldown", _DEFAULT_COOLDOWN)) / speed,
        minimum_magnitude=int(given.get("MinAdjustmentMagnitude") or 0),
    )
