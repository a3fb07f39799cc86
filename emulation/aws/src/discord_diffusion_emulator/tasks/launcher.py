"""How a task is started: as a process, or as a container where a stack has a name for those."""

import signal
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from discord_diffusion_emulator.fleet.config import Config
from discord_diffusion_emulator.tasks import container_spec as task_spec
from discord_diffusion_emulator.tasks import environment as containers
from discord_diffusion_emulator.tasks.process import TaskProcess


class RunningTask(Protocol):
    """A task that was started."""

    @property
    def pid(self) -> int | None:
        """Its process's id, if it is known."""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""


def prepare(config: Config) -> None:
    """Remove what an emulator of the same stack left, if it did not live to do it."""
    if config.stack:
        from discord_diffusion_emulator.tasks.container import sweep

        sweep(config.stack)


def launch(
    config: Config,
    definition: Any,
    environment: dict[str, str],
    labels: dict[str, str],
    running: Iterable[RunningTask],
    on_line: Callable[[str], None],
    on_exit: Callable[[int], None],
) -> RunningTask:
    """Start a task of a task definition's first container.

    Raises:
        OSError: it can't be started.
        NoCommandError: nothing says what it is to run.
    """
    container = definition.container_definitions[0]
    if not config.stack:
        command = containers.command(config, container)
        inherited = containers.inherited()
        return TaskProcess(command, inherited | environment, config.folder, on_line, on_exit)

    from discord_diffusion_emulator.tasks.container import (
        TaskContainer,  # Docker's client is not loaded for processes
    )

    arguments = task_spec.arguments(
        container,
        definition.volumes or [],
        stack=config.stack,
        environment=environment,
        labels=labels,
    )
    taken = [gpu for one in running if isinstance(one, TaskContainer) for gpu in one.gpu_ids]
    gpu_ids = task_spec.least_used(config.gpus, taken, task_spec.gpus(container))
    return TaskContainer(arguments, gpu_ids, on_line, on_exit)
