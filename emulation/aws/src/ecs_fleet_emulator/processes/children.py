"""The emulator's child processes, which are killed together with their own child processes."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ecs_fleet_emulator.errors import EmulatorEndingError
from ecs_fleet_emulator.processes.fork_server import ForkedProcess

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_ENDING = "the emulator is shutting down"


class ChildProcesses:
    """All child processes; each leads a process group of its own.

    Linux signals a parent's death when the *thread* that started the child ends, so a single thread
    that runs as long as the emulator starts all of them.
    """

    def __init__(self) -> None:
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="process-spawner")
        self._running: set[subprocess.Popen[bytes] | ForkedProcess] = set()
        self._lock = threading.Lock()
        self._ending = False

    def start(
        self,
        interpreter: Sequence[str],
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
    ) -> "subprocess.Popen[bytes]":
        """Start bootstrap.py with an interpreter; `stdout` is a pipe with all output.

        Raises:
            EmulatorEndingError: `kill_all` has been called.
            OSError: the process cannot be started.
        """
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return self._start(interpreter, arguments, folder, environment, pipes)

    def start_with_socket(
        self,
        interpreter: Sequence[str],
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        stdin: socket.socket,
    ) -> "subprocess.Popen[bytes]":
        """The same with a socket as standard input; it prints where the emulator does."""
        return self._start(interpreter, arguments, folder, environment, {"stdin": stdin.fileno()})

    def add(self, process: ForkedProcess) -> None:
        """Let a forked process be killed with the others.

        Raises:
            EmulatorEndingError: `kill_all` has been called.
        """
        with self._lock:
            if self._ending:
                raise EmulatorEndingError(_ENDING)
            self._running.add(process)

    def _start(
        self,
        interpreter: Sequence[str],
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: Mapping[str, int],
    ) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._ending:
                raise EmulatorEndingError(_ENDING)
            command = [*interpreter, str(BOOTSTRAP), str(os.getpid()), *arguments]
            popen: Any = subprocess.Popen  # of its overloads none fits streams by their names
            process: subprocess.Popen[bytes] = self._spawner.submit(
                popen,
                command,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
                **streams,
            ).result()
            self._running.add(process)
        return process

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to each process itself, if it has not ended; not to what they started."""
        with self._lock:
            processes = list(self._running)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                if not isinstance(process, ForkedProcess):
                    os.kill(process.pid, number)
                elif process.pid is not None:
                    process.send(number)

    def wait(self, process: "subprocess.Popen[bytes] | ForkedProcess") -> int:
        """Wait for a process's end, kill its remaining group, and return its return code."""
        code = process.wait()
        kill_group(process)
        with self._lock:
            self._running.discard(process)
        return code

    def kill_all(self) -> None:
        """Kill all processes; `start` then raises EmulatorEndingError."""
        with self._lock:
            self._ending = True
            processes = list(self._running)
        for process in processes:
            kill_group(process)
        for process in processes:
            process.wait()


def kill_group(process: "subprocess.Popen[bytes] | ForkedProcess") -> None:
    """Kill a process and all that it started, if any of it is left."""
    with contextlib.suppress(ProcessLookupError):
        if isinstance(process, ForkedProcess):
            process.send(signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)


CHILDREN = ChildProcesses()
