"""Docker's engine through its Python library, for polling: a `docker` process each time is slow."""

from functools import cache
from typing import Any

import docker
from emulation.rig.docker.compose import PROJECT_LABEL, SERVICE_LABEL

NO_PROJECT = {PROJECT_LABEL: "", SERVICE_LABEL: ""}
"""Labels for a container of no stack: they replace those of an image that Compose built."""


@cache
def engine() -> Any:
    """A client of the engine that DOCKER_HOST names."""
    return docker.from_env()


def state_of(container: str) -> dict[str, Any]:
    """The state of a container by id, as `docker inspect` shows it."""
    found: dict[str, Any] = engine().api.inspect_container(container)["State"]
    return found


def labelled(label: str, *, running: bool = False) -> list[Any]:
    """The containers that carry a label, `name=value`."""
    found: list[Any] = engine().containers.list(
        all=not running, filters={"label": label}, ignore_removed=True
    )
    return found
