"""Starts the containers of ECS tasks: as processes, or as Docker's if there is a stack."""

import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from localstack import config as localstack_config

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.errors import EmulatorEndingError, TaskStartError
from ecs_fleet_emulator.iam.sessions import RoleSession
from ecs_fleet_emulator.iam.settings import is_enforced
from ecs_fleet_emulator.processes.children import CHILDREN, kill_group
from ecs_fleet_emulator.processes.fork_server import ForkedProcess
from ecs_fleet_emulator.simulation.state import Health

from . import container_spec, environment, metadata
from .environment import TaskConfig
from .forked_tasks import FORKED_TASKS, INTERPRETER
from .log import LogOptions, TaskLog
from .roles import TaskRoles

if TYPE_CHECKING:
    from .container import TaskContainer

LOG = logging.getLogger(__name__)

HEALTH_TIMEOUT = 5
"""Seconds that a health check has, unless it says otherwise."""
_PIECE = 65_536


class TaskLauncher:
    """Starts the containers of one region's tasks, signals and checks the running ones.

    `on_exit(task, container, status)` is called from another thread when a process has ended, and
    `on_health(task, container, passed)` with a health check's result: of a process, whether it has
    passed; of a container, whose engine runs the checks by itself, the health.
    """

    def __init__(
        self,
        account: str,
        region: str,
        config: TaskConfig,
        on_exit: Callable[[str, str, int], None],
        on_health: Callable[[str, str, bool | Health], None],
    ) -> None:
        self._account, self._region, self._config = account, region, config
        self._on_exit, self._on_health = on_exit, on_health
        self._running: dict[tuple[str, str], TaskProcess | TaskContainer] = {}
        self._sessions: dict[str, RoleSession] = {}

    def start(
        self,
        task_arn: str,
        definition: Any,
        name: str,
        ecs_task: Any | None,
        agent: RoleSession | None = None,
        *,
        gpu: bool = True,
    ) -> None:
        """Start the container of a task definition with a name. `ecs_task` is moto's record of the
        task, `agent` the session of the instance's role.

        Without `gpu` the task has to use a GPU, and there is none.

        Raises:
            TaskStartError: it cannot be started; the text is the stopped reason.
        """
        task_id = task_arn.rpartition("/")[2]
        container = next(one for one in definition.container_definitions if one["name"] == name)
        roles = TaskRoles.of(definition, task_arn, self._region, agent)
        options = LogOptions.of(container, self._region)
        roles.check_start(container, options, task_id)
        variables = environment.variables(
            self._config,
            container,
            endpoint=f"http://{localstack_config.LOCALSTACK_HOST}",
            region=self._region,
            task_id=task_id,
            has_role=roles.task is not None if is_enforced() else None,
        ) | environment.secrets(roles.clients(self._account, self._region), container)
        variables |= {} if gpu else environment.WITHOUT_GPU
        clients = partial(roles.clients, self._account)
        log = TaskLog(self._account, clients, options, task_id, self._config.logs)

        def exited(status: int) -> None:
            log.close()
            self._on_exit(task_id, name, status)

        task: TaskProcess | TaskContainer
        try:
            if self._config.stack:
                labels = metadata.labels(ecs_task, definition, name) if ecs_task else {}
                arguments = container_spec.arguments(
                    container,
                    definition.volumes or [],
                    stack=self._config.stack,
                    environment=variables,
                    labels=labels,
                )
                task = self._start_container(container, arguments, log.line, exited)
            else:
                # The emulator's command is of one image: not also of the containers beside it.
                of_images = [
                    one["name"]
                    for one in definition.container_definitions
                    if not environment.has_command(one)
                ]
                command = environment.command(
                    self._config, container, stands_in=of_images[:1] == [name]
                )
                variables = environment.inherited_variables() | variables | CLOCK.variables()
                task = TaskProcess(command, variables, self._config, log.line, exited)
        except (OSError, EmulatorEndingError, TaskStartError) as error:
            log.close()
            raise TaskStartError(str(error)) from error
        self._running[task_id, name] = task
        if roles.task is not None:
            self._sessions[task_id] = roles.task

    def session(self, task_id: str) -> RoleSession | None:
        """The session of a running task's role; None if it has no role, or IAM is not enforced."""
        return self._sessions.get(task_id)

    def _start_container(
        self,
        container: Mapping[str, Any],
        arguments: Mapping[str, Any],
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> "TaskContainer":
        from .container import TaskContainer  # Docker's client is not loaded for processes

        used = [gpu for task in self._running.values() for gpu in task.gpu_ids]
        number = container_spec.gpus(container)
        gpu_ids = container_spec.least_used(self._config.gpus, used, number)
        return TaskContainer(arguments, gpu_ids, on_line, on_exit)

    def remove(self, task_id: str, container: str) -> None:
        """Remove a container that has ended from the running ones."""
        self._running.pop((task_id, container), None)
        if not any(task == task_id for task, _ in self._running):
            self._sessions.pop(task_id, None)

    def pid(self, task_id: str, container: str) -> int | None:
        """The process id of a running container, if it is known."""
        task = self._running.get((task_id, container))
        return task.pid if task else None

    def runs(self, task_id: str) -> bool:
        """Whether the process of a container of a task has not ended."""
        return any(task == task_id for task, _ in list(self._running))

    def send(self, task_id: str, container: str, number: signal.Signals) -> bool:
        """Send a signal to a container; False if it does not run."""
        task = self._running.get((task_id, container))
        if task is not None:
            task.send(number)
        return task is not None

    def check_health(self, task_id: str, container: str, settings: Mapping[str, Any]) -> None:
        """Run a container's health check, by the settings in its definition."""
        task = self._running.get((task_id, container))

        def check() -> None:
            passed = task.check_health(settings) if task else False
            self._on_health(task_id, container, passed)

        threading.Thread(target=check, name="health-check", daemon=True).start()


class TaskProcess:
    """A running task as a process. `on_exit` gets its exit status, `on_line` what it prints.

    Raises:
        EmulatorEndingError: the emulator is shutting down.
        OSError: the process cannot be started.
    """

    gpu_ids: tuple[str, ...] = ()

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        config: TaskConfig,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._variables, self._config = variables, config
        forked = _forked(variables) if command == list(config.command) else None
        process, output = forked or _started(command, variables, config.folder)
        self._process: subprocess.Popen[bytes] | ForkedProcess = process
        self._on_line, self._on_exit = on_line, on_exit
        for target in (partial(self._read, output), self._watch):
            threading.Thread(target=target, name="task-watch", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process's id; None while its fork server imports."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL to all that the task started, others to the task itself."""
        if number is signal.SIGKILL:
            kill_group(self._process)
            return
        with contextlib.suppress(ProcessLookupError):
            if isinstance(self._process, ForkedProcess):
                self._process.send(number)
            else:
                os.kill(self._process.pid, number)

    def check_health(self, settings: Mapping[str, Any]) -> bool:
        """Run the command of a health check, in the process's folder and with its variables."""
        command = environment.health_command(self._config, settings)
        try:
            process, output = _started(command, self._variables, self._config.folder)
        except (OSError, EmulatorEndingError):
            LOG.debug("could not run a health check", exc_info=True)
            return False
        seconds = float(settings.get("timeout") or HEALTH_TIMEOUT)
        timer = threading.Timer(seconds, kill_group, (process,))
        timer.start()
        with output:
            while output.read(_PIECE):
                pass  # what it prints is shown nowhere, as little as by ECS
        code = CHILDREN.wait(process)
        timer.cancel()
        return code == 0

    def _watch(self) -> None:
        self._on_exit(CHILDREN.wait(self._process))

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                try:
                    self._on_line(line.decode(errors="replace").rstrip("\n"))
                except Exception:  # a log that fails must not end the reading
                    LOG.warning("could not write a task's output", exc_info=True)


def _forked(variables: Mapping[str, str]) -> tuple[ForkedProcess, IO[bytes]] | None:
    """A process of the fork server, and what it prints; None if there is no server for it."""
    output, theirs = os.pipe()
    try:
        process = FORKED_TASKS.fork(variables, theirs)
    finally:
        os.close(theirs)
    if process is None:
        os.close(output)
        return None
    return process, os.fdopen(output, "rb")


def _started(
    command: list[str], variables: Mapping[str, str], folder: Path
) -> tuple["subprocess.Popen[bytes]", IO[bytes]]:
    """A process of its own, and what it prints."""
    process = CHILDREN.start(INTERPRETER, ["task", *command], folder, variables)
    assert process.stdout is not None  # noqa: S101  # a pipe, by ChildProcesses.start
    return process, process.stdout
