"""Tasks as processes: started with the task definition's environment, ended with their group."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LOG = logging.getLogger(__name__)

LAUNCHER = Path(__file__).with_name("bootstrap.py")
# As for functions: one thread that lives as long as the emulator is every task's parent.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="task-spawner")

_running: "set[TaskProcess]" = set()
_lock = threading.Lock()
_ending = threading.Event()


class TaskProcess:
    """A running task. `on_exit` gets its exit status, `on_line` what it prints.

    OSError if the command can't be started, or the emulator is ending.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        with _lock:
            if _ending.is_set():
                raise OSError("the emulator is ending")
            self._process = _SPAWNER.submit(_spawn, command, environment, folder).result()
            _running.add(self)
        self._on_line, self._on_exit = on_line, on_exit
        for target in (self._read, self._watch):
            threading.Thread(target=target, name="task-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL to all that the task started, others to the task itself."""
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                os.kill(self._process.pid, number)

    def _watch(self) -> None:
        code = self._process.wait()
        self.send(signal.SIGKILL)
        with _lock:
            _running.discard(self)
        self._on_exit(code)

    def _read(self) -> None:
        output = self._process.stdout
        assert output is not None  # noqa: S101  # a pipe, see below
        with output:
            for line in output:
                try:
                    self._on_line(line.decode(errors="replace").rstrip("\n"))
                except Exception:  # a log that fails must not end the task's watch
                    LOG.warning("could not keep a task's output", exc_info=True)


def _spawn(
    command: list[str], environment: Mapping[str, str], folder: Path
) -> "subprocess.Popen[bytes]":
    launcher = [sys.executable, "-S", "-E", str(LAUNCHER), str(os.getpid())]
    return subprocess.Popen(
        [*launcher, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_all() -> None:
    """Kill every task's process, and let none be started from now on."""
    with _lock:
        _ending.set()
        processes = list(_running)
    for process in processes:
        process.send(signal.SIGKILL)
