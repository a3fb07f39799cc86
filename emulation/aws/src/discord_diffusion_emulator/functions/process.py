"""One process of a function: started, listened to, and killed with all that it started."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from .output import Output
from .runtime_api import RuntimeApi

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

# Linux counts the *thread* that started a process as its parent when it tells of the parent's
# death, so all are started by one thread that lives as long as the emulator.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-spawner")

_running: "set[FunctionProcess]" = set()
_running_lock = threading.Lock()


class FunctionProcess:
    """A running function. `api` is what it is told and says, `output` what it prints."""

    def __init__(
        self, python: Path, handler: str, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.api = RuntimeApi()
        command = [str(python), str(BOOTSTRAP), str(os.getpid()), handler]
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        self._process = _SPAWNER.submit(_spawn, command, folder, variables).result()
        assert self._process.stdout is not None
        self.output = Output(self._process.stdout)
        with _running_lock:
            _running.add(self)
        threading.Thread(target=self._wait, name="lambda-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

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
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_all() -> None:
    """Kill every function's process."""
    with _running_lock:
        processes = list(_running)
    for process in processes:
        process.kill()
