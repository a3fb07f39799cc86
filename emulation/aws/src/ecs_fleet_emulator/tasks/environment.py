"""The configuration of tasks, and a task's command, environment variables and secrets.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ecs_fleet_emulator.errors import TaskStartError

from .metadata import TASKS_PATH

# The command of an image, as a JSON array, for containers that name none of their own.
TASK_COMMAND = "EMULATOR_TASK_COMMAND"
# Programs that a container's command may name, as a JSON object: {"python": "/path"}.
TASK_PROGRAMS = "EMULATOR_TASK_PROGRAMS"
# The folder that tasks run in.
TASK_FOLDER = "EMULATOR_TASK_FOLDER"
# Variables that win over the task definition's, as a JSON object; {task} stands for a short id.
TASK_ENVIRONMENT = "EMULATOR_TASK_ENVIRONMENT"
# A folder for the output of tasks, one file each; without it only CloudWatch Logs gets the output.
TASK_LOGS = "EMULATOR_TASK_LOGS"
# The name of a stack whose tasks run as Docker containers; without it tasks are processes.
TASK_STACK = "EMULATOR_TASK_STACK"
# Ids or numbers of the GPUs that containers may get, as a JSON array.
TASK_GPUS = "EMULATOR_TASK_GPUS"

WITHOUT_GPU = {"DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": "", "NVIDIA_VISIBLE_DEVICES": "void"}
"""Variables of a task whose GPU is missing: the worker is told to use one, as on AWS, and CUDA and
NVIDIA's container runtime show it none."""
_SHORT_ID = "{task}"
_SECRET_ARN_PARTS = 7


@dataclass(frozen=True)
class TaskConfig:
    """How tasks run in this emulator."""

    command: tuple[str, ...] = ()
    programs: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()
    environment: dict[str, str] = field(default_factory=dict)
    logs: Path | None = None
    stack: str = ""
    gpus: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls) -> "TaskConfig":
        """The configuration in the emulator's environment."""
        logs = os.environ.get(TASK_LOGS)
        return cls(
            command=tuple(json.loads(os.environ.get(TASK_COMMAND) or "[]")),
            programs=json.loads(os.environ.get(TASK_PROGRAMS) or "{}"),
            folder=Path(os.environ.get(TASK_FOLDER) or Path.home()),
            environment=json.loads(os.environ.get(TASK_ENVIRONMENT) or "{}"),
            logs=Path(logs) if logs else None,
            stack=os.environ.get(TASK_STACK, ""),
            gpus=tuple(json.loads(os.environ.get(TASK_GPUS) or "[]")),
        )


def short(task_id: str) -> str:
    """The first characters of a task's id, for names of files and containers."""
    return task_id[:8]


def has_command(container: Mapping[str, Any]) -> bool:
    """Whether a container definition says what is run, which its image does otherwise."""
    return bool(container.get("entryPoint") or container.get("command"))


def command(config: TaskConfig, container: dict[str, Any], *, stands_in: bool = True) -> list[str]:
    """The command line of a container's process.

    A container that names a command runs that; for the image of another one the emulator's own
    command stands in, if it may.

    Raises:
        TaskStartError: neither the emulator nor the container definition has a command.
    """
    own = [*(container.get("entryPoint") or []), *(container.get("command") or [])]
    if config.command and not own and stands_in:
        return list(config.command)
    if not own:
        raise TaskStartError(
            "CannotStartContainerError: the image is not run here; set a command for tasks in the"
            " emulator or in the container definition"
        )
    return [config.programs.get(own[0], own[0]), *own[1:]]


def health_command(config: TaskConfig, check: Mapping[str, Any]) -> list[str]:
    """The command line of a health check: of CMD, or of CMD-SHELL with the container's shell.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    kind, *words = check["command"]
    if kind == "CMD-SHELL":
        return ["/bin/sh", "-c", *words]
    return [config.programs.get(words[0], words[0]), *words[1:]]


def variables(
    config: TaskConfig,
    container: dict[str, Any],
    *,
    endpoint: str,
    region: str,
    task_id: str,
    has_role: bool | None,
) -> dict[str, str]:
    """The variables that ECS, the task definition and the emulator give a container.

    `has_role`: its AWS SDK fetches the task role's credentials; without a role it has none, as on
    AWS. None: IAM is not enforced, and it uses the root user's keys.
    """
    task_endpoint = f"{endpoint}{TASKS_PATH}/{task_id}"
    if has_role is None:
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    elif has_role:
        credentials = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{task_endpoint}/credentials"}
    else:
        credentials = {}
    extra = config.environment.items()
    return {
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **credentials,
        "AWS_ENDPOINT_URL": endpoint,
        **{variable["name"]: variable["value"] for variable in container.get("environment") or []},
        **{name: value.replace(_SHORT_ID, short(task_id)) for name, value in extra},
        "ECS_CONTAINER_METADATA_URI_V4": f"{task_endpoint}/v4/{container['name']}",
        "ECS_AGENT_URI": task_endpoint,
    }


def inherited_variables() -> dict[str, str]:
    """Variables for a process that an image sets for a container."""
    names = ("PATH", "LANG", "LC_ALL")
    home = str(Path.home())  # also where the emulator's own environment, as a service's, has none
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "HOME": home,
        "TMPDIR": os.environ.get("TMPDIR", home),
        "PYTHONUNBUFFERED": "1",
    }


def secrets(clients: Any, container: dict[str, Any]) -> dict[str, str]:
    """The values of a container definition's `secrets`, by variable; `clients` read them.

    Raises:
        TaskStartError: a secret cannot be read; the text names it, never its value.
    """
    values = {}
    for secret in container.get("secrets") or []:
        source = secret["valueFrom"]
        try:
            values[secret["name"]] = _secret_value(clients, source)
        except (ClientError, LookupError, ValueError) as error:
            # Not `from error`: its text may contain the value.
            raise TaskStartError(
                "ResourceInitializationError: unable to pull secrets or registry auth:"
                f" {source}: {type(error).__name__}"
            ) from None
    return values


def _secret_value(clients: Any, source: str) -> str:
    parts = source.split(":")
    if len(parts) > 2 and parts[2] == "secretsmanager":
        # arn:aws:secretsmanager:region:account:secret:name[:json-key[:version-stage[:version-id]]]
        key, stage, version = (*parts[_SECRET_ARN_PARTS:], "", "", "")[:3]
        query = {"SecretId": ":".join(parts[:_SECRET_ARN_PARTS])}
        query |= {"VersionStage": stage} if stage else {}
        query |= {"VersionId": version} if version else {}
        value = str(clients.secretsmanager.get_secret_value(**query)["SecretString"])
        return str(json.loads(value)[key]) if key else value
    # A parameter's ARN ends with its name, which begins with / unless it has no / at all.
    name = parts[5].removeprefix("parameter") if source.startswith("arn:") else source
    bare = name.removeprefix("/")
    # The right that ECS needs is ssm:GetParameters:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    names = [name if "/" in bare else bare]
    answer = clients.ssm.get_parameters(Names=names, WithDecryption=True)
    return str(answer["Parameters"][0]["Value"])
