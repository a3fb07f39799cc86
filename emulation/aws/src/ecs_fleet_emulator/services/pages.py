"""Answers of ECS in pages, which moto gives whole.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
"""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto

from .moto_service import Operation

PAGED = {
    "ListAccountSettings": "settings",
    "ListAttributes": "attributes",
    "ListClusters": "clusterArns",
    "ListServices": "serviceArns",
    "ListTaskDefinitionFamilies": "families",
    "ListTaskDefinitions": "taskDefinitionArns",
    "ListTasks": "taskArns",
}
"""Operations whose answers have pages, and the member that holds the items."""
LONGEST_PAGE = 100
SERVICES = 10
"""Services of a page, unless the request wants more: of other things there are LONGEST_PAGE."""


def paged(key: str, whole: Operation | None = None) -> Operation:
    """An operation whose answer holds a page of items under `key`; `whole` gives all of them."""

    def called(context: RequestContext, request: Any) -> Any:
        answer: Any = (whole or _of_moto)(context, request)
        first, items = _first(request.get("nextToken")), answer[key]
        usual = SERVICES if key == PAGED["ListServices"] else LONGEST_PAGE
        last = first + min(request.get("maxResults") or usual, LONGEST_PAGE)
        answer[key] = items[first:last]
        if last < len(items):
            answer["nextToken"] = str(last)
        return answer

    return called


def _of_moto(context: RequestContext, _request: Any) -> Any:
    return call_moto(context)


def _first(token: str | None) -> int:
    """The index of a page's first item, which its token is."""
    if token and not token.isdecimal():
        raise CommonServiceException(
            "InvalidParameterException", "Invalid token.", sender_fault=True
        )
    return int(token or 0)
