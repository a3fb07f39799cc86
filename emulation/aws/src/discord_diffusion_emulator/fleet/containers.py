"""What a task's process is started with, and what its metadata endpoint tells it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import os
from datetime import datetime
from typing import Any

from .config import Config
from .routes import TASKS

TASK = "{task}"
"""In the environment that the emulator is given: a name of each task's own."""
_SHORT = 8


def short(task_id: str) -> str:
    """As much of a task's id as tells it from others, for names of files."""
    return task_id[:_SHORT]


class NoCommandError(Exception):
    """Nothing says what the task is to run."""


def command(config: Config, container: dict[str, Any]) -> list[str]:
    """The command line of a container's process.

    Raises:
        NoCommandError: neither the emulator nor the container definition names one.
    """
    if config.command:
        return list(config.command)
    own = [*(container.get("entryPoint") or []), *(container.get("command") or [])]
    if not own:
        raise NoCommandError(
            "CannotStartContainerError: the image is not run here; set a command for tasks in the"
            " emulator or in the container definition"
        )
    return [config.programs.get(own[0], own[0]), *own[1:]]


def environment(
    config: Config, container: dict[str, Any], *, endpoint: str, region: str, task_id: str
) -> dict[str, str]:
    """The whole environment of a container's process."""
    base = f"{endpoint}{TASKS}/{task_id}"
    inherited = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ
    }
    own = {one["name"]: one["value"] for one in container.get("environment") or []}
    return {
        **inherited,
        "HOME": os.environ["HOME"],
        "TMPDIR": os.environ.get("TMPDIR", os.environ["HOME"]),
        "PYTHONUNBUFFERED": "1",
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": endpoint,
        **own,
        **{name: value.replace(TASK, short(task_id)) for name, value in config.environment.items()},
        "ECS_CONTAINER_METADATA_URI_V4": f"{base}/v4",
        "ECS_AGENT_URI": base,
    }


def metadata(task: Any, definition: Any, container: dict[str, Any]) -> dict[str, Any]:
    """What the container metadata endpoint answers for `${ECS_CONTAINER_METADATA_URI_V4}`."""
    return {
        "DockerId": task.id.replace("-", ""),
        "Name": container["name"],
        "DockerName": f"ecs-{definition.family}-{definition.revision}-{container['name']}",
        "Image": container.get("image"),
        "Labels": {
            "com.amazonaws.ecs.cluster": task.cluster_arn,
            "com.amazonaws.ecs.container-name": container["name"],
            "com.amazonaws.ecs.task-arn": task.task_arn,
            "com.amazonaws.ecs.task-definition-family": definition.family,
            "com.amazonaws.ecs.task-definition-version": str(definition.revision),
        },
        "DesiredStatus": task.desired_status,
        "KnownStatus": task.last_status,
        "CreatedAt": _time(task.created_at),
        "StartedAt": _time(task.started_at),
        "Type": "NORMAL",
    }


def task_metadata(task: Any, definition: Any, zone: str | None) -> dict[str, Any]:
    """What it answers for `${ECS_CONTAINER_METADATA_URI_V4}/task`."""
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
        "Containers": [metadata(task, definition, one) for one in definition.container_definitions],
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat(timespec="milliseconds") + "Z" if value else None
