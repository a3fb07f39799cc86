"""Application Auto Scaling through moto: tags and scaling activities, which moto lacks."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)


def _backend(context: RequestContext) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[context.account_id][context.region]


def activities(backend: ApplicationAutoscalingBackend) -> list[dict[str, Any]]:
    """The scaling activities that a backend keeps, newest first."""
    kept: list[dict[str, Any]] = backend.__dict__.setdefault("fleet_activities", [])
    return kept


def _tags(context: RequestContext, arn: str) -> dict[str, str]:
    """The tags of a scalable target, to be changed in place."""
    backend = _backend(context)
    for targets in backend.targets.values():
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


def _list_tags(context: RequestContext, request: Any) -> dict[str, Any]:
    return {"Tags": dict(_tags(context, request["ResourceARN"]))}


def _tag(context: RequestContext, request: Any) -> dict[str, Any]:
    _tags(context, request["ResourceARN"]).update(request["Tags"])
    return {}


def _untag(context: RequestContext, request: Any) -> dict[str, Any]:
    tags = _tags(context, request["ResourceARN"])
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


def _describe_activities(context: RequestContext, request: Any) -> dict[str, Any]:
    resource = request.get("ResourceId")
    return {
        "ScalingActivities": [
            activity
            for activity in activities(_backend(context))
            if activity["ServiceNamespace"] == request["ServiceNamespace"]
            and (not resource or activity["ResourceId"] == resource)
        ][: request.get("MaxResults") or 50]
    }


OPERATIONS = {
    "RegisterScalableTarget": _register,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
    "DescribeScalingActivities": _describe_activities,
}
