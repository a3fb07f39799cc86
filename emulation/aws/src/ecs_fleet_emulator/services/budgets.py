"""AWS Budgets of moto, with subscribers, updates and tags. Costs are not simulated.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Budgets.html
"""

from datetime import datetime
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service
from moto.budgets.models import Budget, budgets_backends

from .moto_service import moto_service

_PARTITION = "aws"
_IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")


def _budget(account: str, name: str) -> Budget:
    budget = budgets_backends[account][_PARTITION].budgets[account].get(name)
    if budget is None:
        raise CommonServiceException(
            "NotFoundException", f"Unable to get budget: {name} - the budget doesn't exist."
        )
    return budget


def _notification(request: Any) -> Any:
    """moto's notification with the fields that a request names."""
    wanted = [request["Notification"].get(name) for name in _IDENTITY]
    for found in _budget(request["AccountId"], request["BudgetName"]).notifications:
        if [found.details.get(name) for name in _IDENTITY] == wanted:
            return found
    raise CommonServiceException(
        "NotFoundException", "Unable to find the notification of the budget."
    )


def _tags(arn: str) -> dict[str, str]:
    """The tags of arn:aws:budgets::<account>:budget/<name>, to be changed in place."""
    account, name = arn.split(":")[4], arn.split("/", 1)[1]
    tags: dict[str, str] = _budget(account, name).__dict__.setdefault("fleet_tags", {})
    return tags


def _create(context: RequestContext, request: Any) -> Any:
    answer: Any = call_moto(context)
    given = request.get("ResourceTags") or []
    budget = _budget(request["AccountId"], request["Budget"]["BudgetName"])
    budget.__dict__["fleet_tags"] = {tag["Key"]: tag["Value"] for tag in given}
    return answer


def _update(_context: RequestContext, request: Any) -> dict[str, Any]:
    wanted = request["NewBudget"]
    budget = _budget(request["AccountId"], wanted["BudgetName"])
    budget.budget = {**budget.budget, **_with_timestamps(wanted)}
    return {}


def _with_timestamps(content: Any) -> Any:
    """A parsed request with its times as numbers, as moto keeps them."""
    if isinstance(content, dict):
        return {name: _with_timestamps(value) for name, value in content.items()}
    return content.timestamp() if isinstance(content, datetime) else content


def _describe_subscribers(_context: RequestContext, request: Any) -> dict[str, Any]:
    return {"Subscribers": _notification(request).subscribers}


def _create_subscriber(_context: RequestContext, request: Any) -> dict[str, Any]:
    _notification(request).subscribers.append(request["Subscriber"])
    return {}


def _delete_subscriber(_context: RequestContext, request: Any) -> dict[str, Any]:
    _notification(request).subscribers.remove(request["Subscriber"])
    return {}


def _list_tags(_context: RequestContext, request: Any) -> dict[str, Any]:
    tags = _tags(request["ResourceARN"])
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _tag(_context: RequestContext, request: Any) -> dict[str, Any]:
    _tags(request["ResourceARN"]).update(
        {tag["Key"]: tag["Value"] for tag in request["ResourceTags"]}
    )
    return {}


def _untag(_context: RequestContext, request: Any) -> dict[str, Any]:
    for key in request["ResourceTagKeys"]:
        _tags(request["ResourceARN"]).pop(key, None)
    return {}


def service() -> Service:
    """AWS Budgets, with the operations that moto lacks."""
    operations = {
        "CreateBudget": _create,
        "UpdateBudget": _update,
        "DescribeSubscribersForNotification": _describe_subscribers,
        "CreateSubscriber": _create_subscriber,
        "DeleteSubscriber": _delete_subscriber,
        "ListTagsForResource": _list_tags,
        "TagResource": _tag,
        "UntagResource": _untag,
    }
    return moto_service("budgets", operations)
