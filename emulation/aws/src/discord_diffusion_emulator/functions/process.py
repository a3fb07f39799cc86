"""One process of a function: started, listened to, and killed with all that it started."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import psutil

from discord_diffusion_emulator.functions.output import Output
from discord_diffusion_emulator.functions.runtime_api import RuntimeApi

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

# Linux counts the *thread* that started a process as its parent when it tells of the parent's
# death, so all are started by one thread that lives as long as the emulator.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-spawner")

_running: "set[FunctionProcess]" = set()
_running_lock = threading.Lock()
_ending = threading.Event()


class EmulatorEndingError(Exception):
    """The emulator is shutting down: no more processes are started."""


class FunctionProcess:
    """A running function. `api` is what it is told and says, `output` what it prints.

    EmulatorEndingError once `kill_all` was called.
    """

    def __init__(
        self, python: Path, handler: str, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.api = RuntimeApi()
        command = [str(python), str(BOOTSTRAP), str(os.getpid()), handler]
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        with _running_lock:
            if _ending.is_set():
                raise EmulatorEndingError
            self._process, pipe = _SPAWNER.submit(_spawn, command, folder, variables).result()
            _running.add(self)
        self.output = Output(pipe)
        threading.Thread(target=self._wait, name="lambda-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        # Not `poll`: it calls a process alive while its last threads end, and while another thread
        # is about to note its end.
        try:
            return psutil.Process(self._process.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def memory_mb(self) -> int:
        """Resident memory now, in mebibytes; 0 if the process is gone."""
        try:
            resident: int = psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0
        return resident // 2**20

    def kill(self) -> None:
        """Kill the process and all that it started, and wait for its end. Can be repeated."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.api.close()
        with _running_lock:
            _running.discard(self)

    def _wait(self) -> None:
        return_code = self._process.wait()
        self.api.process_exited(return_code)


def _spawn(
    command: list[str], folder: Path, environment: dict[str, str]
) -> "tuple[subprocess.Popen[bytes], IO[bytes]]":
    """The started process, and the pipe that it prints to."""
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=write_end,
            stderr=write_end,
            start_new_session=True,
        )
    except OSError:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    return process, os.fdopen(read_end, "rb", buffering=0)


def kill_all() -> None:
    """Kill every function's process, and let none be started from now on."""
    with _running_lock:
        _ending.set()
        processes = list(_running)
    for process in processes:
        process.kill()
