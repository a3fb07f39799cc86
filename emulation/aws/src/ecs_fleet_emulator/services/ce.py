"""Cost Explorer of moto, with cost-allocation tags. AWS lists a tag only after a day; here at once.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_ListCostAllocationTags.html
"""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.plugins import Service

from .moto_service import moto_service

_active: dict[str, set[str]] = {}
"""The keys of the activated tags, by account."""


def _list(context: RequestContext, request: Any) -> dict[str, Any]:
    active = _active.get(context.account_id, set())
    tags = [
        {
            "TagKey": key,
            "Type": "UserDefined",
            "Status": "Active" if key in active else "Inactive",
        }
        for key in request.get("TagKeys") or sorted(active)
    ]
    wanted = request.get("Status")
    return {"CostAllocationTags": [tag for tag in tags if wanted in (None, tag["Status"])]}


def _update(context: RequestContext, request: Any) -> dict[str, Any]:
    active = _active.setdefault(context.account_id, set())
    for change in request["CostAllocationTagsStatus"]:
        (active.add if change["Status"] == "Active" else active.discard)(change["TagKey"])
    return {"Errors": []}


def service() -> Service:
    """Cost Explorer, with the operations that moto lacks."""
    operations = {"ListCostAllocationTags": _list, "UpdateCostAllocationTagsStatus": _update}
    return moto_service("ce", operations)
