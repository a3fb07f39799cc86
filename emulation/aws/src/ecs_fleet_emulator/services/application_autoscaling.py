"""Application Auto Scaling of moto, with tags, activities, target tracking and scheduled actions.

Its targets are ECS services; what scales them is in fleet/service_scaling.py.
"""

from datetime import datetime
from functools import partial
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScheduledAction,
    applicationautoscaling_backends,
)

from ecs_fleet_emulator.errors import InvalidScheduleError
from ecs_fleet_emulator.fleet import scheduled_actions, service_scaling
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.moto_records import activities
from ecs_fleet_emulator.fleet.service_scaling import STEPS, TRACKING

from . import tracked_alarms
from .moto_service import Operation, moto_service, refuse

_METRICS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
_LOW_SHARE = 0.9
_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def service(agent: FleetAgent) -> Service:
    """Application Auto Scaling, whose policies the alarms carry out (cloudwatch/alarms.py)."""
    _apply_patches()
    operations: dict[str, Operation] = {
        "PutScalingPolicy": _put_policy,
        "PutScheduledAction": partial(_put_action, agent),
        "RegisterScalableTarget": partial(_register, agent),
        "DeregisterScalableTarget": _deregister,
        "ListTagsForResource": _list_tags,
        "TagResource": _tag,
        "UntagResource": _untag,
        "DescribeScalingActivities": _describe_activities,
        "DescribeScalingPolicies": _describe_policies,
    }
    return moto_service("application-autoscaling", operations, agent.notify)


def _apply_patches() -> None:
    """moto makes the alarms of a policy in its own CloudWatch, which is not the one in use here."""
    policy: Any = FakeApplicationAutoscalingPolicy
    policy.create_alarms = lambda _self: None
    policy.delete_alarms = lambda self, account, region: tracked_alarms.delete(
        account, region, self.alarms
    )


def _backend(context: RequestContext) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[context.account_id][context.region]


def _invalid(text: str) -> CommonServiceException:
    return CommonServiceException("ValidationException", text, sender_fault=True)


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


def _target(context: RequestContext, request: Any) -> Any:
    """The scalable target of a request, which has to be registered."""
    targets = _backend(context).targets.get(request["ScalableDimension"], {})
    target = targets.get(request["ResourceId"])
    if target is None:
        namespace, resource, dimension = (request[name] for name in _TARGET)
        raise CommonServiceException(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {namespace},"
            f" resource ID: {resource}, scalable dimension: {dimension}",
            sender_fault=True,
        )
    return target


def _register(agent: FleetAgent, context: RequestContext, request: Any) -> Any:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"""
    targets = _backend(context).targets.get(request["ScalableDimension"], {})
    old = targets.get(request["ResourceId"])
    least = request.get("MinCapacity", old.min_capacity if old else None)
    most = request.get("MaxCapacity", old.max_capacity if old else None)
    if least is None or most is None:
        raise _invalid("MinCapacity and MaxCapacity are required to register a scalable target")
    if least > most:
        raise _invalid("Maximum capacity cannot be less than minimum capacity")
    answer: Any = call_moto(context)
    if request.get("Tags"):
        _tags(context, answer["ScalableTargetARN"]).update(request["Tags"])
    if request["ServiceNamespace"] == "ecs":
        with agent.region(context.account_id, context.region) as region:
            service_scaling.keep_within_limits(region, _target(context, request))
    return answer


def _deregister(context: RequestContext, request: Any) -> Any:
    """Deregister a target, with its policies and scheduled actions.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
    """
    answer = call_moto(context)
    backend, target = _backend(context), tuple(request[name] for name in _TARGET)

    def belongs(one: Any) -> bool:
        return (one.service_namespace, one.resource_id, one.scalable_dimension) == target

    for key, policy in list(backend.policies.items()):
        if belongs(policy):
            policy.delete_alarms(context.account_id, context.region)
            del backend.policies[key]
    backend.scheduled_actions = [one for one in backend.scheduled_actions if not belongs(one)]
    return answer


def _put_policy(context: RequestContext, request: Any) -> dict[str, Any]:
    _target(context, request)
    backend = _backend(context)
    _refuse_other_namespaces(request)
    key = FakeApplicationAutoscalingPolicy.formulate_key(
        *(request[name] for name in _TARGET), request["PolicyName"]
    )
    old = backend.policies.get(key)
    kind = request.get("PolicyType") or (old.policy_type if old else STEPS)
    if kind not in (STEPS, TRACKING):
        refuse(f"the policy type {kind}")
    old_kind = old.policy_type if old else None
    if missing := service_scaling.missing_configuration(kind, request, old_kind):
        raise _invalid(f"{missing} is required for policies of the type {kind}")
    given = request.get("TargetTrackingScalingPolicyConfiguration")
    metric = _metric(request["ResourceId"], given) if kind == TRACKING and given else {}
    call_moto(context)
    policy: Any = backend.policies[key]
    if old is not None:
        for attribute in ("policy_arn", "creation_time", "alarms"):
            setattr(policy, attribute, getattr(old, attribute))
    owner = (context.account_id, context.region)
    if metric:
        tracked = tracked_alarms.TrackedPolicy(
            arn=policy.policy_arn,
            resource=policy.resource_id,
            metric=metric,
            target=float(given["TargetValue"]),
            low_share=_LOW_SHARE,
            scales_in=not given.get("DisableScaleIn"),
        )
        policy.alarms = tracked_alarms.put(*owner, tracked, policy.alarms)
    elif kind != TRACKING:
        tracked_alarms.delete(*owner, policy.alarms)
        policy.alarms = []
    return {"PolicyARN": policy.policy_arn, "Alarms": tracked_alarms.shown(policy.alarms)}


def _refuse_other_namespaces(request: Any) -> None:
    if request["ServiceNamespace"] != "ecs":
        refuse(f"scaling in the service namespace {request['ServiceNamespace']}")


def _describe_policies(context: RequestContext, request: Any) -> Any:
    """DescribeScalingPolicies, with the filter by names that moto ignores."""
    answer: Any = call_moto(context)
    names = request.get("PolicyNames")
    if names:
        found = answer["ScalingPolicies"]
        answer["ScalingPolicies"] = [one for one in found if one["PolicyName"] in names]
    return answer


def _metric(resource_id: str, given: Any) -> dict[str, Any]:
    """PutMetricAlarm's parameters for the metric that a policy tracks."""
    tracked_alarms.check_target(given)
    predefined = given.get("PredefinedMetricSpecification")
    customized = given.get("CustomizedMetricSpecification")
    if (predefined is None) == (customized is None):
        raise _invalid("Only one of a predefined or a customized metric specification is allowed.")
    if customized is not None:
        metric = tracked_alarms.customized_metric(customized)
        if reason := tracked_alarms.unsupported_reason(metric):
            refuse(f"the metric of the policy: {reason}")
        return metric
    kind = predefined["PredefinedMetricType"]
    if kind not in _METRICS:
        refuse(f"policies that track {kind}; known are {', '.join(_METRICS)}")
    _, cluster, name = resource_id.split("/")
    return {
        "Namespace": "AWS/ECS",
        "MetricName": _METRICS[kind],
        "Dimensions": [
            {"Name": "ClusterName", "Value": cluster},
            {"Name": "ServiceName", "Value": name},
        ],
        "Statistic": "Average",
        "Unit": "Percent",
        "Period": 60,
    }


def _put_action(agent: FleetAgent, context: RequestContext, request: Any) -> Any:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html"""
    _target(context, request)
    _refuse_other_namespaces(request)
    old = _scheduled_action(context, request)
    if old is None:
        for name in ("Schedule", "ScalableTargetAction"):
            if not request.get(name):
                raise _invalid(f"{name} is required for a new scheduled action.")
    record = FakeScheduledAction(
        request["ServiceNamespace"],
        request.get("Schedule") or (old.schedule if old else ""),
        request.get("Timezone") or (old.timezone if old else None),
        request["ScheduledActionName"],
        request["ResourceId"],
        request["ScalableDimension"],
        _seconds(request.get("StartTime")),
        _seconds(request.get("EndTime")),
        request.get("ScalableTargetAction") or (old.scalable_target_action if old else ""),
        context.account_id,
        context.region,
    )
    try:
        scheduled_actions.service_schedule(record, 1.0)
    except InvalidScheduleError as error:
        raise _invalid(str(error)) from error
    backend = _backend(context)
    with agent.lock:
        others = [one for one in backend.scheduled_actions if one is not old]
        backend.scheduled_actions = [*others, record]
    return {}


def _seconds(moment: datetime | None) -> float | None:
    """A time as moto shows it."""
    return None if moment is None else moment.timestamp()


def _scheduled_action(context: RequestContext, request: Any) -> FakeScheduledAction | None:
    found = _backend(context).describe_scheduled_actions(
        request["ScheduledActionName"],
        *(request[name] for name in _TARGET),
    )
    name = request["ScheduledActionName"]
    return next((one for one in found if one.scheduled_action_name == name), None)


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
