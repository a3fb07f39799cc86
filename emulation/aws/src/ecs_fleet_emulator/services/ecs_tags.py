"""Tags of ECS's resources: clusters, services, tasks, definitions, providers and instances.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.utils.patch import patch
from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from .moto_service import Operation
from .tag_rules import tag_errors


def operations() -> dict[str, Operation]:
    """TagResource, UntagResource and ListTagsForResource."""
    return {"TagResource": _tag, "UntagResource": _untag, "ListTagsForResource": _list}


def with_checked_tags(handler: Operation) -> Operation:
    """An operation that gives tags to what it creates."""

    def called(context: RequestContext, request: Any) -> Any:
        check(request.get("tags") or [])
        return handler(context, request)

    return called


def check(tags: Iterable[Mapping[str, str]]) -> None:
    """Refuse tags that ECS refuses."""
    for text in tag_errors(list(tags)):
        raise _invalid(text)


def _invalid(text: str, code: str = "InvalidParameterException") -> CommonServiceException:
    return CommonServiceException(code, text, sender_fault=True)


def _tag(context: RequestContext, request: Any) -> dict[str, Any]:
    resource = _resource(context, request["resourceArn"])
    if getattr(resource, "last_status", "") == "STOPPED":
        raise _invalid("The specified task is stopped. Specify a running task and try again.")
    changed = {one["key"]: one for one in (*(resource.tags or []), *request["tags"])}
    check(request["tags"])
    check([one for one in changed.values() if not one["key"].startswith("aws:")])
    resource.tags = list(changed.values())
    return {}


def _untag(context: RequestContext, request: Any) -> dict[str, Any]:
    resource = _resource(context, request["resourceArn"])
    check([{"key": key} for key in request["tagKeys"]])
    resource.tags = [one for one in resource.tags or [] if one["key"] not in request["tagKeys"]]
    return {}


def _list(context: RequestContext, request: Any) -> dict[str, Any]:
    return {"tags": list(_resource(context, request["resourceArn"]).tags or [])}


def _resource(context: RequestContext, arn: str) -> Any:
    """The record of moto's that an ARN names."""
    parts = arn.split(":", 5)
    kind, _, name = parts[-1].partition("/")
    if len(parts) < 6 or parts[2] != "ecs" or not name:
        raise _invalid("The ARN provided is invalid.")
    if kind not in _KINDS:
        raise _invalid(f"A resource of the kind {kind!r} has no tags.")
    attribute, *missing = _KINDS[kind]
    found = _all(ecs_backends[context.account_id][context.region], kind)
    resource = next((one for one in found if getattr(one, attribute) == arn), None)
    if resource is None:
        raise _invalid(*missing)
    if not hasattr(resource, "tags"):
        resource.tags = []
    return resource


_KINDS = {
    "cluster": ("arn", "Cluster not found.", "ClusterNotFoundException"),
    "service": ("arn", "Service not found.", "ServiceNotFoundException"),
    "task": ("task_arn", "The specified task was not found."),
    "task-definition": ("arn", "The specified task definition was not found."),
    "capacity-provider": (
        "capacity_provider_arn",
        "The specified capacity provider was not found.",
    ),
    "container-instance": (
        "container_instance_arn",
        "The specified container instance was not found.",
    ),
}
"""The attribute with the ARN in moto's record, and the answer if there is no such resource."""


def _all(backend: EC2ContainerServiceBackend, kind: str) -> list[Any]:
    """The records of a kind; of some there are those of each cluster, or of each family."""
    match kind:
        case "cluster":
            return list(backend.clusters.values())
        case "service":
            return list(backend.services.values())
        case "capacity-provider":
            return list(backend.capacity_providers.values())
        case "task":
            several = backend.tasks
        case "task-definition":
            several = backend.task_definitions
        case _:
            several = backend.container_instances
    return [one for records in several.values() for one in records.values()]


def apply_patches() -> None:
    """Show the tags of providers and instances only to who asks for them."""
    shown = {
        "describe_capacity_providers": (
            "DescribeCapacityProvidersResponse.capacityProviders.CapacityProvider.tags"
        ),
        "describe_container_instances": (
            "DescribeContainerInstancesResponse.containerInstances.ContainerInstance.tags"
        ),
    }

    def hide(name: str, path: str) -> None:
        @patch(getattr(EC2ContainerServiceResponse, name))  # type: ignore[untyped-decorator]
        def _describe(original: Any, response: Any) -> ActionResult:
            if "TAGS" in response._get_param("include", []):
                response._include_in_response(path)
            else:
                response._exclude_from_response(path)
            result: ActionResult = original(response)
            return result

    for name, path in shown.items():
        hide(name, path)
