"""Scaling policies of groups: simple, step scaling and target tracking.

moto keeps them by name alone, whatever group they are of; here they are a part of their group.
What they do is in fleet/group_scaling.py.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends

from ecs_fleet_emulator.fleet import group_scaling
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.group_scaling import (
    SIMPLE,
    STEPS,
    TRACKING,
    GroupPolicy,
    scaling_of,
)
from ecs_fleet_emulator.fleet.moto_records import AlarmedMetric

from . import tracked_alarms
from .moto_service import Operation, refuse

_SHOWN = (
    "AutoScalingGroupName",
    "AdjustmentType",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "StepAdjustments",
    "MetricAggregationType",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
)
_NEEDED = {
    SIMPLE: "ScalingAdjustment",
    STEPS: "StepAdjustments",
    TRACKING: "TargetTrackingConfiguration",
}
_LOW_SHARE = 0.7
_DEFAULT_COOLDOWN = 300


def operations(agent: FleetAgent) -> dict[str, Operation]:
    """The operations on scaling policies."""
    return {
        "PutScalingPolicy": _put,
        "DescribePolicies": _describe,
        "DeletePolicy": _delete,
        "ExecutePolicy": partial(_execute, agent),
    }


def invalid(text: str) -> CommonServiceException:
    """The error with which Auto Scaling refuses a request."""
    return CommonServiceException("ValidationError", text, sender_fault=True)


def group_of(context: RequestContext, request: Mapping[str, Any]) -> FakeAutoScalingGroup:
    """The group that a request names."""
    name = request["AutoScalingGroupName"]
    groups = autoscaling_backends[context.account_id][context.region].autoscaling_groups
    if name not in groups:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    return groups[name]


def groups_of(context: RequestContext, request: Mapping[str, Any]) -> list[FakeAutoScalingGroup]:
    """The group that a request names, or all groups."""
    if request.get("AutoScalingGroupName"):
        return [group_of(context, request)]
    backend = autoscaling_backends[context.account_id][context.region]
    return list(backend.autoscaling_groups.values())


def delete_alarms(context: RequestContext, group: FakeAutoScalingGroup) -> None:
    """Delete the alarms of all the policies of a group that is deleted."""
    for policy in scaling_of(group).policies.values():
        tracked_alarms.delete(context.account_id, context.region, policy.alarms)


def _put(context: RequestContext, request: Any) -> dict[str, Any]:
    group, name = group_of(context, request), request["PolicyName"]
    kind = request.get("PolicyType") or SIMPLE
    if kind not in _NEEDED:
        refuse(f"the policy type {kind}")
    if request.get(_NEEDED[kind]) is None:
        raise invalid(f"{_NEEDED[kind]} is required for policies of the type {kind}")
    if kind != TRACKING and not request.get("AdjustmentType"):
        raise invalid(f"AdjustmentType is required for policies of the type {kind}")
    metric = _metric(request[_NEEDED[kind]]) if kind == TRACKING else {}
    policies = scaling_of(group).policies
    old = policies.get(name)
    owner = (context.account_id, context.region)
    prefix = f"arn:aws:autoscaling:{context.region}:{context.account_id}:scalingPolicy:{uuid4()}"
    arn = old.arn if old else f"{prefix}:autoScalingGroupName/{group.name}:policyName/{name}"
    policy = GroupPolicy(name, arn, kind, dict(request), old.alarms if old else ())
    if metric:
        tracked = tracked_alarms.TrackedPolicy(
            arn=arn,
            resource=group.name,
            metric=metric,
            target=float(policy.tracking["TargetValue"]),
            low_share=_LOW_SHARE,
            scales_in=not policy.tracking.get("DisableScaleIn"),
        )
        policy.alarms = tracked_alarms.put(*owner, tracked, policy.alarms)
    elif policy.alarms:
        tracked_alarms.delete(*owner, policy.alarms)
        policy.alarms = ()
    policies[name] = policy
    return {"PolicyARN": arn, "Alarms": tracked_alarms.shown(policy.alarms)}


def _metric(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm's parameters for the metric that a policy tracks."""
    tracked_alarms.check_target(configuration)
    customized = configuration.get("CustomizedMetricSpecification")
    if customized is None:
        kind = (configuration.get("PredefinedMetricSpecification") or {}).get(
            "PredefinedMetricType"
        )
        refuse(f"policies that track {kind}: instances here are not measured")
    metric = tracked_alarms.customized_metric(customized)
    if reason := tracked_alarms.unsupported_reason(metric):
        refuse(f"the metric of the policy: {reason}")
    return metric


def _found(
    context: RequestContext, request: Mapping[str, Any]
) -> Iterator[tuple[FakeAutoScalingGroup, GroupPolicy]]:
    """The policies that a request names, by their names or ARNs, with their groups."""
    names, kinds = request.get("PolicyNames") or (), request.get("PolicyTypes") or ()
    for group in groups_of(context, request):
        for policy in list(scaling_of(group).policies.values()):
            named = not names or policy.name in names or policy.arn in names
            if named and (not kinds or policy.kind in kinds):
                yield group, policy


def _describe(context: RequestContext, request: Any) -> dict[str, Any]:
    return {"ScalingPolicies": [_described(policy) for _, policy in _found(context, request)]}


def _described(policy: GroupPolicy) -> dict[str, Any]:
    shown = {name: policy.given[name] for name in _SHOWN if policy.given.get(name) is not None}
    if policy.kind == SIMPLE:
        shown.setdefault("Cooldown", _DEFAULT_COOLDOWN)
    return {
        **shown,
        "PolicyName": policy.name,
        "PolicyARN": policy.arn,
        "PolicyType": policy.kind,
        "Alarms": tracked_alarms.shown(policy.alarms),
        "Enabled": policy.enabled,
    }


def _one(
    context: RequestContext, request: Mapping[str, Any]
) -> tuple[FakeAutoScalingGroup, GroupPolicy]:
    wanted = {**request, "PolicyNames": [request["PolicyName"]]}
    found = next(_found(context, wanted), None)
    if found is None:
        raise invalid(f"PolicyARN/PolicyName {request['PolicyName']} not found")
    return found


def _delete(context: RequestContext, request: Any) -> dict[str, Any]:
    group, policy = _one(context, request)
    tracked_alarms.delete(context.account_id, context.region, policy.alarms)
    scaling_of(group).policies.pop(policy.name, None)
    return {}


def _execute(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExecutePolicy.html"""
    group, policy = _one(context, request)
    if policy.kind == TRACKING:
        raise invalid("Policies of the type TargetTrackingScaling cannot be executed")
    value, threshold = request.get("MetricValue"), request.get("BreachThreshold")
    if policy.kind == STEPS and (value is None or threshold is None):
        raise invalid("MetricValue and BreachThreshold are required for policies of step scaling")
    seen = AlarmedMetric("", value or 0.0, threshold or 0.0, (value or 0.0) >= (threshold or 0.0))
    honours = bool(request.get("HonorCooldown"))
    with agent.region(context.account_id, context.region) as region:
        group_scaling.execute_policy(region, group, policy, seen, honours_cooldown=honours)
    return {}
