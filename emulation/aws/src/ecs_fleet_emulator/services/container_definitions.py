"""What ECS refuses of the containers of a task definition; pure.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

Definition = Mapping[str, Any]
_ENDS = ("COMPLETE", "SUCCESS")
_HEALTH = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}


def errors(containers: Sequence[Definition]) -> Iterator[str]:
    """Why the containers of a task definition are refused."""
    by_name = {one["name"]: one for one in containers}
    if len(by_name) < len(containers):
        yield "Container names must be unique within a task definition."
    if not any(one.get("essential", True) for one in containers):
        yield "At least one container of a task definition must be essential."
    for one in containers:
        yield from _health_errors(one)
        for dependency in one.get("dependsOn") or []:
            yield from _dependency_errors(one["name"], dependency, by_name)
    graph = {
        one["name"]: {found["containerName"] for found in one.get("dependsOn") or []}
        for one in containers
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"The container dependencies are circular: {' -> '.join(error.args[1])}."


def _dependency_errors(
    name: str, dependency: Mapping[str, str], by_name: Mapping[str, Definition]
) -> Iterator[str]:
    other, condition = dependency["containerName"], dependency["condition"]
    if other not in by_name:
        yield f"The container {name} depends on {other}, which is not in the task definition."
        return
    if condition in _ENDS and by_name[other].get("essential", True):
        yield (
            f"The container {name} depends on {other} with the condition {condition}, which an"
            " essential container cannot have."
        )
    if condition == "HEALTHY" and not by_name[other].get("healthCheck"):
        yield (
            f"The container {name} depends on {other} with the condition HEALTHY, which has no"
            " health check."
        )


def _health_errors(container: Definition) -> Iterator[str]:
    check = container.get("healthCheck")
    if not check:
        return
    command = check.get("command") or [""]
    if command[0] not in ("CMD", "CMD-SHELL", "NONE") or (
        len(command) < 2 and command[0] != "NONE"
    ):
        yield (
            f"The health check of {container['name']} must begin with CMD or CMD-SHELL, and a"
            " command has to follow."
        )
    for setting, (least, most) in _HEALTH.items():
        value = check.get(setting)
        if value is not None and not least <= value <= most:
            yield (
                f"The health check's {setting} of {container['name']} is {value}: it must be"
                f" between {least} and {most}."
            )
