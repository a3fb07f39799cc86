"""Application Auto Scaling of moto, with tags, activities and the execution of policies."""

import logging
from typing import Any
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.moto_records import activities, add_activity, moto_now
from ecs_fleet_emulator.simulation.step_scaling import Cooldown, Policy, Step, new_capacity

from .moto_service import Operation, moto_service, refuse

LOG = logging.getLogger(__name__)

DIMENSION = "ecs:service:DesiredCount"


def service() -> Service:
    """Application Auto Scaling, whose policies the alarms carry out (cloudwatch/alarms.py)."""
    operations: dict[str, Operation] = {
        "PutScalingPolicy": _put_policy,
        "PutScheduledAction": lambda *_: refuse("scheduled actions of a service"),
        "RegisterScalableTarget": _register,
        "ListTagsForResource": _list_tags,
        "TagResource": _tag,
        "UntagResource": _untag,
        "DescribeScalingActivities": _describe_activities,
    }
    return moto_service("application-autoscaling", operations)


def _backend(context: RequestContext) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[context.account_id][context.region]


def _tags(context: RequestContext, arn: str) -> dict[str, str]:
    """The tags of a scalable target, to be changed in place."""
    for targets in _backend(context).targets.values():
        for target in targets.values():
            if target.arn == arn:
                tags: dict[str, str] = target.__dict__.setdefault("fleet_tags", {})
                return tags
    raise CommonServiceException(
        "ResourceNotFoundException", f"No scalable target found for resource ARN: {arn}"
    )


def _register(context: RequestContext, request: Any) -> Any:
    answer: Any = call_moto(context)
    if request.get("Tags"):
        _tags(context, answer["ScalableTargetARN"]).update(request["Tags"])
    return answer


def _put_policy(context: RequestContext, request: Any) -> Any:
    kind = request.get("PolicyType", "StepScaling")
    if kind != "StepScaling":
        refuse(f"the policy type {kind}: alarms carry out policies of the type StepScaling")
    return call_moto(context)


def _list_tags(context: RequestContext, request: Any) -> dict[str, Any]:
    return {"Tags": dict(_tags(context, request["ResourceARN"]))}


def _tag(context: RequestContext, request: Any) -> dict[str, Any]:
    _tags(context, request["ResourceARN"]).update(request["Tags"])
    return {}


def _untag(context: RequestContext, request: Any) -> dict[str, Any]:
    for key in request["TagKeys"]:
        _tags(context, request["ResourceARN"]).pop(key, None)
    return {}


def _describe_activities(context: RequestContext, request: Any) -> dict[str, Any]:
    resource = request.get("ResourceId")
    found = [
        activity
        for activity in activities(_backend(context))
        if activity["ServiceNamespace"] == request["ServiceNamespace"]
        and (not resource or activity["ResourceId"] == resource)
    ]
    return {"ScalingActivities": found[: request.get("MaxResults") or 50]}


def carry_out(agent: FleetAgent, arn: str, alarm: str, distance: float, *, above: bool) -> None:
    """Carry out a step scaling policy: set the desired count of its ECS service.

    `distance` is how far the metric of `alarm` is from the threshold. A policy of another type is
    logged as not emulated, and does nothing.
    """
    _, _, _, region_name, account, *_ = arn.split(":")
    backend = applicationautoscaling_backends[account][region_name]
    policy = next((p for p in backend.policies.values() if p.policy_arn == arn), None)
    if policy is None or policy.policy_type != "StepScaling":
        LOG.error("not emulated: the alarm %s has the scaling policy %s as an action", alarm, arn)
        return
    target = backend.targets.get(DIMENSION, {}).get(policy.resource_id)
    if target is None:
        LOG.warning("the policy %s has no scalable target", arn)
        return
    with agent.region(account, region_name) as region:
        _, cluster, name = policy.resource_id.split("/")
        ecs_service = region.ecs.services.get(f"{cluster}:{name}")
        if ecs_service is None or ecs_service.status != "ACTIVE":
            return
        before = ecs_service.desired_count
        wanted = new_capacity(
            _step_scaling_policy(policy, region.settings.alarm_speed),
            distance,
            above=above,
            capacity=before,
            minimum=int(target.min_capacity),
            maximum=int(target.max_capacity),
            cooldown=target.__dict__.setdefault("fleet_cooldown", Cooldown()),
            now=CLOCK.monotonic(),
        )
        if wanted is None:
            return
        direction = "Out" if wanted > before else "In"
        if (target.suspended_state or {}).get(f"DynamicScaling{direction}Suspended"):
            return
        ecs_service.desired_count = wanted
    now = moto_now()
    activity = {
        "ActivityId": str(uuid4()),
        "ServiceNamespace": "ecs",
        "ResourceId": policy.resource_id,
        "ScalableDimension": DIMENSION,
        "Description": f"Setting desired count to {wanted}.",
        "Cause": f"monitor alarm {alarm} in state ALARM triggered policy {policy.policy_name}",
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set desired count to {wanted}.",
    }
    add_activity(backend, activity)


def _step_scaling_policy(policy: Any, speed: float) -> Policy:
    given = policy.step_scaling_policy_configuration
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
        cooldown=float(given.get("Cooldown", 300)) / speed,
        minimum_magnitude=int(given.get("MinAdjustmentMagnitude") or 0),
    )
