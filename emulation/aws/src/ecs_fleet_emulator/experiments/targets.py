"""What the targets of experiments stand for: resources by ARN, by tags, by filters and parameters.

https://docs.aws.amazon.com/fis/latest/userguide/targets.html
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from . import known_actions
from .durations import selection

Resource = tuple[str, Mapping[str, str], Mapping[str, Any]]
"""A resource's ARN, its tags, and what its service says about it, in the form of AWS's API."""


class Targets:
    """Resolves targets by the clients of one account and region."""

    def __init__(self, account: str, region: str, clients: Any, rng: random.Random) -> None:
        self._account, self._region = account, region
        self._clients, self._rng = clients, rng

    def resolve(self, target: Mapping[str, Any]) -> list[str]:
        """The ARNs of the resources that a target stands for now, after its selection."""
        find = _FINDERS[target["resourceType"]]
        found = [
            arn
            for arn, tags, about in find(self, target.get("parameters") or {})
            if _is_meant(target, arn, tags, about)
        ]
        size = selection(target["selectionMode"]).size(len(found))
        return found if size == len(found) else self._rng.sample(found, size)

    def _instances(self, _parameters: Mapping[str, str]) -> Iterator[Resource]:
        pages = self._clients.ec2.get_paginator("describe_instances").paginate()
        for page in pages:
            for reservation in page["Reservations"]:
                for one in reservation["Instances"]:
                    if one["State"]["Name"] == "terminated":
                        continue
                    arn = self._arn("ec2", f"instance/{one['InstanceId']}")
                    yield arn, _tags(one.get("Tags"), "Key", "Value"), one

    def _tasks(self, parameters: Mapping[str, str]) -> Iterator[Resource]:
        ecs = self._clients.ecs
        named = parameters.get("cluster")
        clusters: Iterable[list[str]] = [[named]] if named else self._cluster_pages()
        for cluster in itertools.chain.from_iterable(clusters):
            given = {"cluster": cluster}
            if service := parameters.get("service"):
                given["serviceName"] = service
            for page in ecs.get_paginator("list_tasks").paginate(**given):
                if arns := page["taskArns"]:
                    found = ecs.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])
                    for one in found["tasks"]:
                        if one["lastStatus"] != "STOPPED":
                            yield one["taskArn"], _tags(one.get("tags"), "key", "value"), one

    def _clusters(self, _parameters: Mapping[str, str]) -> Iterator[Resource]:
        for arns in self._cluster_pages():
            found = self._clients.ecs.describe_clusters(clusters=arns, include=["TAGS"])
            for one in found["clusters"]:
                yield one["clusterArn"], _tags(one.get("tags"), "key", "value"), one

    def _cluster_pages(self) -> Iterator[list[str]]:
        """The ARNs of all clusters, in pages as long as DescribeClusters takes them."""
        for page in self._clients.ecs.get_paginator("list_clusters").paginate():
            if page["clusterArns"]:
                yield page["clusterArns"]

    def _roles(self, _parameters: Mapping[str, str]) -> Iterator[Resource]:
        for page in self._clients.iam.get_paginator("list_roles").paginate():
            for one in page["Roles"]:
                tags = self._clients.iam.list_role_tags(RoleName=one["RoleName"])["Tags"]
                yield one["Arn"], _tags(tags, "Key", "Value"), one

    def _functions(self, _parameters: Mapping[str, str]) -> Iterator[Resource]:
        for page in self._clients.lambda_.get_paginator("list_functions").paginate():
            for one in page["Functions"]:
                tags = self._clients.lambda_.list_tags(Resource=one["FunctionArn"])["Tags"]
                yield one["FunctionArn"], tags, one

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self._region}:{self._account}:{resource}"


_Finder = Callable[[Targets, Mapping[str, str]], Iterator[Resource]]


def _spot_instances(targets: Targets, parameters: Mapping[str, str]) -> Iterator[Resource]:
    for one in targets._instances(parameters):
        if one[2].get("InstanceLifecycle") == "spot":
            yield one


_FINDERS: dict[str, _Finder] = {
    known_actions.INSTANCE: Targets._instances,
    known_actions.SPOT_INSTANCE: _spot_instances,
    known_actions.TASK: Targets._tasks,
    known_actions.CLUSTER: Targets._clusters,
    known_actions.ROLE: Targets._roles,
    known_actions.FUNCTION: Targets._functions,
}


def _tags(given: Any, key: str, value: str) -> dict[str, str]:
    return {tag[key]: tag[value] for tag in given or []}


def _is_meant(
    target: Mapping[str, Any], arn: str, tags: Mapping[str, str], about: Mapping[str, Any]
) -> bool:
    """Whether a target means a resource. Tags and filters all have to match."""
    if arns := target.get("resourceArns"):
        return arn in arns
    wanted = target.get("resourceTags") or {}
    if any(tags.get(name) != value for name, value in wanted.items()):
        return False
    filters = target.get("filters") or []
    return all(
        any(found in one["values"] for found in values_at(about, one["path"].split(".")))
        for one in filters
    )


def values_at(about: Any, path: list[str]) -> Iterator[str]:
    """The values at a path of attributes, as State.Name; of each item of a list.

    https://docs.aws.amazon.com/fis/latest/userguide/targets.html#target-filters
    """
    if isinstance(about, list):
        for one in about:
            yield from values_at(one, path)
    elif not path:
        yield str(about)
    elif isinstance(about, Mapping) and path[0] in about:
        yield from values_at(about[path[0]], path[1:])
