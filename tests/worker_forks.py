"""The fork server of a stack of tests, whose workers are forks of a process that imported torch."""

import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from socket import socket

import psutil

from ecs_fleet_emulator.processes.fork_server import (
    IS_POSSIBLE,
    ForkedProcess,
    ForkServer,
)
from emulation.rig.host import parts, processes
from emulation.rig.host.processes import PRIVATE_UMASK, base_environment
from emulation.rig.state import ProcessRecord
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root


class WorkerForks:
    """Starts workers; the first start also starts the fork server, and waits until it imported."""

    def __init__(self) -> None:
        self._server: ForkServer | None = None
        self._forks: list[ForkedProcess] = []
        self._lock = threading.Lock()
        """Held by the thread that starts the server, or uses it: there is one for all workers."""

    def start(self, name: str, variables: Mapping[str, str], log: Path) -> ProcessRecord:
        """A worker with an environment, which writes to a log."""
        if IS_POSSIBLE:
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log.touch(mode=0o600)
            with self._lock, log.open("ab") as output:
                fork = self._running().fork(variables, output.fileno())
            if fork is not None:
                self._forks.append(fork)
                pid = fork.wait_for_pid()
                assert pid, "the fork server has ended"
                return ProcessRecord(name, pid, _started_at(pid), str(log))
        return processes.spawn(name, list(parts.WORKER_COMMAND), variables, log, cwd=ROOT)

    def close(self) -> None:
        """End the fork server and all workers that are left."""
        if self._server is not None:
            self._server.close()
            for fork in self._forks:
                fork.wait()

    def _running(self) -> ForkServer:
        if self._server is None:
            variables = base_environment()

            def start(stdin: socket) -> "subprocess.Popen[bytes]":
                return subprocess.Popen(
                    parts.FORK_SERVER_COMMAND,
                    env=variables,
                    cwd=ROOT,
                    stdin=stdin,
                    start_new_session=True,
                    umask=PRIVATE_UMASK,
                )

            self._server = ForkServer(start, variables)
        return self._server


def _started_at(pid: int) -> float:
    """When a process started; one that has ended already is found by no time."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0
