"""What a task's process is started with, and what its metadata endpoint tells it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import os
from datetime import datetime
from typing import Any

from discord_diffusion_emulator.fleet.config import Config
from discord_diffusion_emulator.fleet.routes import TASKS

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
    """The environment that ECS and the task definition give a container."""
    base = f"{endpoint}{TASKS}/{task_id}"
    own = {one["name"]: one["value"] for one in container.get("environment") or []}
    return {
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


def inherited() -> dict[str, str]:
    """What a process has beside it, for there is no image that would say."""
    names = ("PATH", "LANG", "LC_ALL", "HOME")
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "TMPDIR": os.environ.get("TMPDIR", os.environ["HOME"]),
        "PYTHONUNBUFFERED": "1",
    }


def labels(cluster_arn: str, task_arn: str, definition: Any, name: str) -> dict[str, str]:
    """The labels that ECS gives a container."""
    return {
        "com.amazonaws.ecs.cluster": cluster_arn,
        "com.amazonaws.ecs.container-name": name,
        "com.amazonaws.ecs.task-arn": task_arn,
        "com.amazonaws.ecs.task-definition-family": definition.family,
        "com.amazonaws.ecs.task-definition-version": str(definition.revision),
    }


def metadata(task: Any, definition: Any, container: dict[str, Any]) -> dict[str, Any]:
    """What the container metadata endpoint answers for `${ECS_CONTAINER_METADATA_URI_V4}`."""
    return {
        "DockerId": task.id.replace("-", ""),
        "Name": container["name"],
        "DockerName": f"ecs-{definition.family}-{definition.revision}-{container['name']}",
        "Image": container.get("image"),
        "Labels": labels(task.cluster_arn, task.task_arn, definition, container["name"]),
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
