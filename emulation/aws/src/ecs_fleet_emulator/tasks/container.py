"""A task as a container of this machine's Docker engine, with the interface of TaskProcess.

The engine is found as every Docker client finds it (DOCKER_HOST). Task containers share the network
of the emulator's own container, so that addresses are the same for both, and for the machine.
"""

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from docker.client import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DeviceRequest, Healthcheck
from requests.exceptions import RequestException

from ecs_fleet_emulator.errors import EmulatorEndingError, TaskStartError
from ecs_fleet_emulator.simulation.state import Health

from .container_spec import STACK_LABEL

LOG = logging.getLogger(__name__)

# A timeout, so that an engine that hangs does not block the fleets; `wait` has none.
CALL_SECONDS = 30
HEALTH_START_INTERVAL = 1_000_000_000
"""Nanoseconds between health checks until the first one succeeds, for which ECS has no setting."""
_STATUS_UNKNOWN = 137
_HEALTH = {"healthy": Health.HEALTHY, "unhealthy": Health.UNHEALTHY}

_stacks: set[str] = set()
_ending = threading.Event()


@cache
def engine() -> Any:
    """A client of the engine.

    Raises:
        DockerException: there is no engine.
    """
    return DockerClient.from_env(timeout=CALL_SECONDS)


class TaskContainer:
    """A running task as a container. `on_exit` gets its exit status, `on_line` what it prints.

    Raises:
        EmulatorEndingError: the emulator is shutting down.
        TaskStartError: the container cannot be started.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        gpu_ids: Sequence[str],
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        if _ending.is_set():
            raise EmulatorEndingError("the emulator is shutting down")
        self.gpu_ids = list(gpu_ids)
        _stacks.add(arguments["labels"][STACK_LABEL])
        self._container = _start(arguments, self.gpu_ids)
        self._on_line, self._on_exit = on_line, on_exit
        for target in (self._read, self._watch):
            threading.Thread(target=target, name="task-watch", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process's id on the engine's machine."""
        with contextlib.suppress(DockerException, RequestException):
            self._container.reload()
            return int(self._container.attrs["State"]["Pid"]) or None
        return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if the container has not ended."""
        try:
            self._container.kill(signal=number.name)
        except APIError as error:
            LOG.debug("could not send %s: %s", number.name, error)

    def check_health(self, _settings: Mapping[str, Any]) -> Health:
        """What the engine's own checks have found so far."""
        with contextlib.suppress(DockerException, RequestException):
            self._container.reload()
            found = (self._container.attrs["State"].get("Health") or {}).get("Status")
            return _HEALTH.get(str(found), Health.UNKNOWN)
        return Health.UNKNOWN

    def _watch(self) -> None:
        try:
            status = int(self._container.wait(timeout=None)["StatusCode"])
        except (DockerException, RequestException):
            LOG.warning("could not wait for a task's container", exc_info=True)
            status = _STATUS_UNKNOWN
        remove(self._container)
        self._on_exit(status)

    def _read(self) -> None:
        rest = b""
        try:
            for piece in self._container.attach(stream=True, logs=True, stdout=True, stderr=True):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._on_line(line.decode(errors="replace"))
        except Exception:  # a log that fails must not end the task's watch
            LOG.warning("could not write a task's output", exc_info=True)
        if rest:
            self._on_line(rest.decode(errors="replace"))


def _start(arguments: Mapping[str, Any], gpu_ids: list[str]) -> Any:
    requests = [DeviceRequest(device_ids=gpu_ids, capabilities=[["gpu"]])] if gpu_ids else []
    health_check = None
    if "healthcheck" in arguments:
        health_check = Healthcheck(**arguments["healthcheck"])
        health_check["StartInterval"] = HEALTH_START_INTERVAL
    try:
        return engine().containers.run(
            **{**arguments, "healthcheck": health_check},
            detach=True,
            network_mode=f"container:{socket.gethostname()}",
            device_requests=requests,
        )
    except ImageNotFound as error:
        raise TaskStartError(
            f"CannotPullContainerError: {arguments['image']} is not on this machine,"
            " and none is pulled here: make images"
        ) from error
    except (DockerException, RequestException) as error:
        raise TaskStartError(f"CannotStartContainerError: {error}") from error


def remove(container: Any) -> None:
    """Kill and remove a container, if it exists."""
    with contextlib.suppress(NotFound):
        try:
            container.remove(force=True, v=True)
        except (DockerException, RequestException):
            LOG.warning("could not remove %s", container.name, exc_info=True)


def remove_all(stack: str) -> None:
    """Remove every task container of a stack, including those of an earlier emulator."""
    left = engine().containers.list(
        all=True, filters={"label": f"{STACK_LABEL}={stack}"}, ignore_removed=True
    )
    if left:
        with ThreadPoolExecutor(max_workers=len(left)) as pool:
            list(pool.map(remove, left))


def kill_all() -> None:
    """Remove every task's container; a new TaskContainer then raises EmulatorEndingError."""
    _ending.set()
    for stack in _stacks:
        with contextlib.suppress(DockerException, RequestException):
            remove_all(stack)
