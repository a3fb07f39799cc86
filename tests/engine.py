"""The engine through Docker's own library, for what is asked again and again: a `docker` process
each time would cost more than what is waited for.
"""

from functools import cache
from typing import Any

import docker
from emulation.rig.docker.compose import PROJECT_LABEL, SERVICE_LABEL

NO_PROJECT = {PROJECT_LABEL: "", SERVICE_LABEL: ""}
"""For a container that is no stack's: an image that Compose built says whose it was."""


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
