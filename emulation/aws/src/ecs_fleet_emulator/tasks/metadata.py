"""A task's metadata: its container's labels, and what its metadata endpoint answers.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

from datetime import datetime
from typing import Any

TASKS_PATH = "/_emulator/tasks"
"""A task's own endpoints are below this path and its id."""


def labels(task: Any, definition: Any, name: str) -> dict[str, str]:
    """The labels that ECS gives the container with a name."""
    return {
        "com.amazonaws.ecs.cluster": task.cluster_arn,
        "com.amazonaws.ecs.container-name": name,
        "com.amazonaws.ecs.task-arn": task.task_arn,
        "com.amazonaws.ecs.task-definition-family": definition.family,
        "com.amazonaws.ecs.task-definition-version": str(definition.revision),
    }


def container_metadata(task: Any, definition: Any, container: Any) -> dict[str, Any]:
    """The response for `${ECS_CONTAINER_METADATA_URI_V4}`, of a container of moto's task."""
    found = {
        "DockerId": container.runtime_id,
        "Name": container.name,
        "DockerName": f"ecs-{definition.family}-{definition.revision}-{container.name}",
        "Image": container.image,
        "Labels": labels(task, definition, container.name),
        "DesiredStatus": task.desired_status,
        "KnownStatus": container.last_status,
        "ContainerARN": container.container_arn,
        "CreatedAt": _time(task.created_at),
        "StartedAt": _time(container.started_at),
        "Type": "NORMAL",
    }
    if container.health_check:
        found["Health"] = {"status": container.health_status}
    if container.exitCode is not None:
        found["ExitCode"] = container.exitCode
    return found


def task_metadata(task: Any, definition: Any, zone: str) -> dict[str, Any]:
    """The response for `${ECS_CONTAINER_METADATA_URI_V4}/task`."""
    containers = [container_metadata(task, definition, container) for container in task.containers]
    return {
        "Cluster": task.cluster_arn,
        "TaskARN": task.task_arn,
        "Family": definition.family,
        "Revision": str(definition.revision),
        "ServiceName": task.group.removeprefix("service:"),
        "DesiredStatus": task.desired_status,
        "KnownStatus": task.last_status,
        "AvailabilityZone": zone,
        "LaunchType": "EC2",
        "Containers": containers,
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat(timespec="milliseconds") + "Z" if value else None
