"""The emulator as processes of this machine: target `host`."""

import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from running_emulator import Emulator

from ecs_fleet_emulator.launch import LOOPBACK, EmulatorConfig, Tasks, command
from emulation.rig.waiting import wait_until
from tests.targets import EMULATOR
from toolchain.layout import Layout, python_of

START_SECONDS = 120.0
STOP_SECONDS = 15.0
"""Less than its functions and long polls would go on for."""


_LAYOUT = Layout.of_this_checkout()
EMULATOR_PYTHON = python_of(_LAYOUT.emulator_environment(EMULATOR))
LAMBDA_PYTHON = python_of(_LAYOUT.lambda_environment)


def have_ended(processes: Iterable[psutil.Process]) -> bool:
    """Whether all the processes have ended."""
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def _connections(process: psutil.Process) -> list[Any]:
    """A process's connections; none of one that has ended, as those that unpack functions do."""
    with suppress(psutil.NoSuchProcess):
        return list(process.net_connections(kind="inet"))
    return []


class EmulatorProcesses(Emulator):
    """A running emulator as processes of this machine."""

    def __init__(
        self,
        folder: Path,
        port: int,
        tasks: Tasks,
        *,
        enforces_iam: bool = False,
        snapshot: Path | None = None,
    ) -> None:
        super().__init__(
            EmulatorConfig(
                emulator_python=EMULATOR_PYTHON,
                lambda_pythons={"python3.13": LAMBDA_PYTHON},
                port=port,
                state_dir=folder,
                tasks=tasks,
                enforces_iam=enforces_iam,
                snapshot=snapshot,
                addresses={"emulator": f"{LOOPBACK}:{port}"},
            )
        )
        self._log = folder / "emulator.log"
        argv, environment = command(self.config)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                argv, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._is_up, f"the emulator answers; its log: {self._log}", START_SECONDS)

    def _is_up(self) -> bool:
        """Whether this emulator answers, not another one that listens on its port."""
        if self._process.poll() is not None:
            raise RuntimeError(self.printed())
        own = (LOOPBACK, self.config.port)
        return own in self.addresses() and self._answers()

    @property
    def host_address(self) -> str:
        return LOOPBACK

    @property
    def exit_status(self) -> int | None:
        return self._process.returncode

    def printed(self) -> str:
        return self._log.read_text()

    def addresses(self) -> list[tuple[str, int]]:
        return [
            (connection.laddr.ip, connection.laddr.port)
            for process in self._tree()
            for connection in _connections(process)
            if connection.status == psutil.CONN_LISTEN or connection.type.name == "SOCK_DGRAM"
        ]

    def cpu_seconds(self) -> float:
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def runs(self, pid: int) -> bool:
        return psutil.pid_exists(pid) and not have_ended([psutil.Process(pid)])

    def kill_function(self, pid: int) -> None:
        process = psutil.Process(pid)
        process.kill()
        wait_until(lambda: have_ended([process]), "the process is gone")

    def task_environment(self, shown: dict[str, Any]) -> dict[str, str]:
        return psutil.Process(shown["pid"]).environ()

    def task_watch(self, shown: dict[str, Any]) -> Callable[[], bool]:
        process = psutil.Process(shown["pid"])
        return lambda: not have_ended([process])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        tree = self._tree()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(STOP_SECONDS)
        wait_until(lambda: have_ended(tree), "no process is left", STOP_SECONDS)

    def remove(self) -> None:
        self.stop()

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"the emulator ended:\n{self.printed()}")
        try:
            with urllib.request.urlopen(self.config.health_url, timeout=30) as response:
                return bool(response.status == 200)
        except OSError:
            return False
