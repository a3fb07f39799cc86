"""A container definition as Docker's API takes it; pure.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
https://docker-py.readthedocs.io/en/stable/containers.html
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

STACK_LABEL = "discord-diffusion.stack"
"""The label of all task containers of a stack, with the stack's name; they are removed by it."""
_COMPOSE = "com.docker.compose."

_MEBIBYTE = 1024 * 1024
_NANOSECONDS = 1_000_000_000
_SMALLEST_MEMORY = 6 * _MEBIBYTE
_OVERRIDDEN = {
    "cpu": "cpu",
    "memory": "memory",
    "task_role_arn": "taskRoleArn",
    "execution_role_arn": "executionRoleArn",
}
"""Attributes of moto's task definition, and the members that override them."""
_OF_CONTAINER = ("command", "cpu", "memory", "memoryReservation")


def with_overrides(definition: Any, overrides: Mapping[str, Any]) -> Any:
    """A task definition with the overrides of a task: roles, sizes, and those of its containers.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
    """
    by_name = {one["name"]: one for one in overrides.get("containerOverrides") or []}
    changed = copy.copy(definition)
    for attribute, member in _OVERRIDDEN.items():
        if overrides.get(member):
            setattr(changed, attribute, overrides[member])
    changed.container_definitions = [
        _overridden(one, by_name.get(one["name"], {})) for one in definition.container_definitions
    ]
    return changed


def _overridden(container: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    variables = {
        one["name"]: one
        for one in (*(container.get("environment") or []), *(override.get("environment") or []))
    }
    given = {name: override[name] for name in _OF_CONTAINER if override.get(name)}
    return {**container, **given, "environment": list(variables.values())}


def arguments(
    container: Mapping[str, Any],
    volumes: Sequence[Mapping[str, Any]],
    *,
    stack: str,
    environment: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Keyword arguments of `containers.run`: image, command, limits, mounts, labels.

    The network and the GPUs depend on the machine, and are added when the container starts.
    """
    linux = container.get("linuxParameters") or {}
    drop = (linux.get("capabilities") or {}).get("drop") or []
    task = labels.get("com.amazonaws.ecs.task-arn", "").rsplit("/", 1)[-1]
    found = {
        "name": f"{stack}-{container['name']}-{task[:8]}" if task else None,
        "image": container["image"],
        "entrypoint": container.get("entryPoint") or None,
        "command": container.get("command") or None,
        "environment": dict(environment),
        "labels": {
            **labels,
            STACK_LABEL: stack,
            # An image built by Compose has these labels for its own project.
            f"{_COMPOSE}project": stack,
            f"{_COMPOSE}service": "task",
            f"{_COMPOSE}oneoff": "False",
        },
        "user": container.get("user"),
        "working_dir": container.get("workingDirectory"),
        "read_only": bool(container.get("readonlyRootFilesystem")),
        "init": bool(linux.get("initProcessEnabled")),
        "cap_drop": list(drop),
        "security_opt": ["no-new-privileges"],
        "cpu_shares": int(container.get("cpu") or 0) or None,
        "mem_limit": _mebibytes(container.get("memory")),
        "mem_reservation": _mebibytes(container.get("memoryReservation")),
        "shm_size": _mebibytes(linux.get("sharedMemorySize")),
        "tmpfs": {mount["containerPath"]: _tmpfs(mount) for mount in linux.get("tmpfs") or []},
        "volumes": _mounts(container, volumes, stack),
        "healthcheck": _health(container.get("healthCheck")),
    }
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def gpus(container: Mapping[str, Any]) -> int:
    """How many GPUs a container requires."""
    return sum(
        int(requirement["value"])
        for requirement in container.get("resourceRequirements") or []
        if requirement["type"] == "GPU"
    )


def least_used(known: Sequence[str], used: Sequence[str], number: int) -> list[str]:
    """The ids of `number` GPUs for a container, of the `known` ones; none if the machine has none.

    Free GPUs come first. If all are used they are shared, unlike on AWS: a machine with one GPU can
    then run a fleet of two.
    """
    return sorted(known, key=lambda gpu: (used.count(gpu), known.index(gpu)))[:number]


def _mebibytes(value: Any) -> int | None:
    return max(int(value) * _MEBIBYTE, _SMALLEST_MEMORY) if value else None


def _tmpfs(mount: Mapping[str, Any]) -> str:
    return ",".join([f"size={int(mount['size'])}m", *(mount.get("mountOptions") or [])])


def _mounts(
    container: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]], stack: str
) -> dict[str, dict[str, str]]:
    """Mounts of the stack's own named volumes, and of the host's folders that a volume names."""
    hosts = {v["name"]: (v.get("host") or {}).get("sourcePath") for v in volumes}
    return {
        hosts.get(mount["sourceVolume"]) or f"{stack}_{mount['sourceVolume']}": {
            "bind": mount["containerPath"],
            "mode": "ro" if mount.get("readOnly") else "rw",
        }
        for mount in container.get("mountPoints") or []
    }


def _health(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check:
        return None
    return {
        "test": list(check["command"]),
        "interval": int(check.get("interval") or 30) * _NANOSECONDS,
        "timeout": int(check.get("timeout") or 5) * _NANOSECONDS,
        "retries": int(check.get("retries") or 3),
        "start_period": int(check.get("startPeriod") or 0) * _NANOSECONDS,
    }
