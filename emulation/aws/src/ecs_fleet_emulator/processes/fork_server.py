"""The client of a fork server: a process that has imported what is slow, and forks processes.

What a request and its reports look like is described where the server is
(`emulation/rig/host/fork_server.py`). Standard library only.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

IS_POSSIBLE = sys.platform == "linux"
"""Elsewhere a library may start threads when it is imported, which a fork does not have
(https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods)."""

_READ_AT_IMPORT = (
    *("PYTHON", "LD_", "LANG", "LC_", "PATH", "HOME", "TMPDIR", "XDG_"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "TORCH_", "PYTORCH_"),
    *("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "DIFFUSERS_"),
)
"""Beginnings of the names of variables that an interpreter and its libraries read once, early."""
_OWN_SETTINGS = ("TORCH_THREADS",)
"""Read later, in spite of their names."""


class ForkServer:
    """A fork server that runs. `start` starts its process with a standard input.

    `variables` are those of its process.
    """

    def __init__(
        self,
        start: Callable[[socket.socket], "subprocess.Popen[bytes]"],
        variables: Mapping[str, str],
    ) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = start(theirs)
        self._early = _read_early(variables)

    def fork(self, variables: Mapping[str, str], output: int) -> "ForkedProcess | None":
        """Request a process with an environment and a file descriptor for what it prints.

        None if the server has ended, or has imported with other variables that matter then.
        """
        if _read_early(variables) != self._early:
            return None
        request = json.dumps(dict(variables)).encode()
        reports, theirs = os.pipe()
        try:
            socket.send_fds(self._requests, [request], [theirs, output])
        except OSError:
            os.close(reports)
            return None
        finally:
            os.close(theirs)
        return ForkedProcess(reports)

    def close(self) -> None:
        """Let the server end, and with it what it has forked; wait for that."""
        self._requests.close()
        self.process.wait()


class ForkedProcess:
    """A process that a fork server was asked for; while the server imports, it has no `pid`."""

    def __init__(self, reports: int) -> None:
        self.pid: int | None = None
        self._reports = os.fdopen(reports, "rb")
        self._signals: list[signal.Signals] = []
        self._pid_lock, self._wait_lock = threading.Lock(), threading.Lock()
        self._status: int | None = None

    def send(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL to all of the process's group, others to the process itself.

        One that is not there yet gets it as soon as it is.

        Raises:
            ProcessLookupError: it has ended.
        """
        with self._pid_lock:
            if self.pid is None:
                self._signals.append(number)
            elif number is signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def wait_for_pid(self) -> int | None:
        """The process's id, once it is there; None if it never will be."""
        with self._wait_lock:
            return self._read_pid()

    def wait(self) -> int:
        """Wait for the end; the exit status, or a signal's number as a negative one.

        A process whose server ended first was killed with it.
        """
        with self._wait_lock:
            self._read_pid()
            if self._status is not None:
                return self._status
            line = self._reports.readline().split()
            return self._end(int(line[1]) if line else -signal.SIGKILL)

    def _read_pid(self) -> int | None:
        if self.pid is None and self._status is None:
            line = self._reports.readline().split()
            if line and line[0] == b"status":  # it ended before it could report
                self._end(int(line[1]))
            elif line:
                with self._pid_lock:
                    self.pid = int(line[1])
                for number in self._signals:
                    with suppress(ProcessLookupError):
                        self.send(number)
        return self.pid

    def _end(self, status: int) -> int:
        self._status = status
        self._reports.close()
        return status


def _read_early(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(_READ_AT_IMPORT) and name not in _OWN_SETTINGS
    }
