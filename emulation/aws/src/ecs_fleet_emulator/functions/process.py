"""A process of a Lambda function, with its Runtime API and its output."""

import os
import selectors
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import psutil

from ecs_fleet_emulator.processes.children import CHILDREN, kill_group

from .outcomes import MAX_RESPONSE_BYTES
from .runtime_api import RuntimeApi
from .runtimes import Runtime

_CHUNK = 65536


class FunctionProcess:
    """A running function: `api` passes events and responses, `output` collects what it prints.

    Raises:
        EmulatorEndingError: the emulator is shutting down.
    """

    def __init__(
        self,
        runtime: Runtime,
        handler: str,
        folder: Path,
        environment: Mapping[str, str],
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self.api = RuntimeApi(max_response_bytes)
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        self._process = CHILDREN.start(*runtime.command(handler), folder, variables)
        assert self._process.stdout is not None  # noqa: S101  # a pipe, by ChildProcesses.start
        self.output = Output(self._process.stdout)
        threading.Thread(target=self._wait, name="lambda-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        # Not `poll`, which still returns None while the last threads of the process end, or while
        # another thread is in `wait`.
        try:
            return psutil.Process(self._process.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def memory_mb(self) -> int:
        """Resident memory now, in mebibytes; 0 if the process has ended."""
        try:
            resident: int = psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0
        return resident // 2**20

    def kill(self) -> None:
        """Kill the process and all that it started, and wait for its end. Can be repeated."""
        kill_group(self._process)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.api.close()

    def _wait(self) -> None:
        self.api.process_exited(CHILDREN.wait(self._process))


class Output:
    """Collects the output in a pipe, so that the writer never blocks; closes it at its end.

    A process writes before it posts its response, so an invocation's output is in the pipe when the
    response arrives: `take` reads the pipe first.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._text = bytearray()
        self._ended = False
        self._lock = threading.Lock()
        threading.Thread(target=self._collect, name="lambda-output", daemon=True).start()

    def take(self) -> str:
        """Everything written since the last call."""
        with self._lock:
            self._read()
            text = self._text.decode(errors="replace")
            self._text.clear()
        return text

    def _collect(self) -> None:
        with self._pipe, selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._ended:
                selector.select()
                with self._lock:
                    self._read()

    def _read(self) -> None:
        """Read all that the pipe holds."""
        while not self._ended:
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK)
            except BlockingIOError:
                return
            self._ended = not chunk
            self._text += chunk
