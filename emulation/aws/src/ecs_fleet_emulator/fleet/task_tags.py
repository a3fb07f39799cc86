"""The tags that a task gets: propagated ones, those of its request, and ECS's own; pure.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

Tags = list[dict[str, str]]


def tags_of_task(
    given: Iterable[Mapping[str, str]],
    propagated: Iterable[Mapping[str, str]],
    managed: Mapping[str, str],
) -> Tags:
    """All tags of a task; what its request gives wins over what is propagated to it."""
    by_key = {one["key"]: one.get("value", "") for one in (*propagated, *given)}
    return [{"key": key, "value": value} for key, value in {**by_key, **managed}.items()]


def propagated_tags(source: str | None, definition: Any, service: Any | None) -> Tags:
    """The tags of a task definition or a service, of which `propagateTags` names one, or NONE."""
    owner = {"TASK_DEFINITION": definition, "SERVICE": service}.get(source or "NONE")
    return list((owner and owner.tags) or [])


def managed_tags(enabled: object, cluster: str, service: str) -> dict[str, str]:
    """What `enableECSManagedTags` adds; a task that is run by itself has no service."""
    if not enabled:
        return {}
    names = {"aws:ecs:clusterName": cluster, "aws:ecs:serviceName": service}
    return {key: name for key, name in names.items() if name}
