"""Tasks that are forked: the emulator's fork server has imported what each of them needs.

It starts with the first task. Where a task is to be restored it starts with the emulator, which
saves the seconds that both would load one after the other.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from threading import Lock

from ecs_fleet_emulator.processes.children import CHILDREN
from ecs_fleet_emulator.processes.fork_server import (
    IS_POSSIBLE,
    ForkedProcess,
    ForkServer,
)

from .environment import TaskConfig, inherited_variables

COMMAND = "EMULATOR_FORK_SERVER"
"""The command of the fork server, as a JSON array; without it each task is started anew."""
AT_START = "EMULATOR_FORK_SERVER_AT_START"
"""Not empty: the fork server starts with the emulator."""
INTERPRETER = (sys.executable, "-S", "-E")


class ForkedTasks:
    """The emulator's fork server, from when it is first needed."""

    def __init__(self) -> None:
        self._server: ForkServer | None = None
        self._lock = Lock()

    def start_early(self) -> None:
        """Start the fork server, if the emulator's environment says that it starts early."""
        if os.environ.get(AT_START):
            self._running()

    def fork(self, variables: Mapping[str, str], output: int) -> ForkedProcess | None:
        """Fork a task that prints to a file descriptor; None: it has to be started.

        Raises:
            EmulatorEndingError: the emulator is shutting down.
        """
        server = self._running()
        process = server.fork(variables, output) if server else None
        if process is not None:
            CHILDREN.add(process)
        return process

    def _running(self) -> ForkServer | None:
        command = json.loads(os.environ.get(COMMAND) or "[]")
        if not command or not IS_POSSIBLE:
            return None
        with self._lock:
            if self._server is None:
                config = TaskConfig.from_environ()
                variables = inherited_variables() | config.environment
                start = partial(
                    CHILDREN.start_with_socket,
                    INTERPRETER,
                    ["server", *command],
                    config.folder,
                    variables,
                )
                self._server = ForkServer(start, variables)
            return self._server


FORKED_TASKS = ForkedTasks()
