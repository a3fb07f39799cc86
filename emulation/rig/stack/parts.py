"""The processes of a stack of target `host`: how each is started and when it is ready."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from emulation.aws.launch import HEALTH_PATH, EmulatorConfig, Tasks, command
from emulation.rig.errors import StartError
from emulation.rig.stack import processes
from emulation.rig.stack.environment import base_environment, task_environment
from emulation.rig.stack.options import StackOptions
from emulation.rig.stack.ports import LOOPBACK
from emulation.rig.stack.state import ProcessRecord, StateFolder
from emulation.rig.stack.waiting import wait_until
from toolchain.layout import Layout, python_of

EMULATOR, STAND_IN, TELEMETRY = "emulator", "discord", "telemetry"

WORKER_COMMAND = (sys.executable, "-m", "discord_diffusion.worker")
"""What a worker's image runs."""
TASK_LOGS = "worker-*.log"
"""One a task, named after the container and the task."""

EMULATOR_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What LocalStack takes for account 000000000000; no secret."""

_START_SECONDS = 120.0
_SPEED_AT_START = 600.0


@dataclass(frozen=True)
class Parts:
    """Starts the parts of one stack; each call returns the record of a new process."""

    layout: Layout
    folder: StateFolder
    options: StackOptions

    def start_emulator(self, port: int) -> ProcessRecord:
        """LocalStack with the extension, on a loopback port; the fleet's tasks are its children."""
        for old in self.folder.logs.glob(TASK_LOGS):
            old.unlink()
        config = EmulatorConfig(
            emulator_python=python_of(self.layout.emulator_environment),
            lambda_pythons={"python3.13": python_of(self.layout.lambda_environment)},
            port=port,
            state_dir=self.folder.path,
            region=self.options.region,
            tasks=self._tasks(),
        )
        argv, env = command(config)
        return self._spawn(EMULATOR, argv, env)

    def start_stand_in(self, port: int) -> ProcessRecord:
        """The stand-in for Discord, on a loopback port."""
        argv = [sys.executable, "-m", "emulation.discord", "--port", str(port)]
        argv += ["--host", LOOPBACK, "--state-dir", str(self.folder.path / "discord")]
        return self._spawn(STAND_IN, argv, base_environment())

    def start_telemetry(self) -> ProcessRecord:
        """What tells the operations page about the queue and the workers."""
        argv = [
            sys.executable,
            "-m",
            "emulation.rig.telemetry",
            "--state-dir",
            str(self.folder.path),
        ]
        return self._spawn(TELEMETRY, argv, base_environment())

    def wait_for_emulator(self, record: ProcessRecord, endpoint: str) -> None:
        """Return once LocalStack answers its health check."""
        self._wait_for_http(record, endpoint + HEALTH_PATH)

    def wait_for_stand_in(self, record: ProcessRecord, url: str) -> None:
        """Return once the stand-in answers."""
        self._wait_for_http(record, f"{url}/healthz")

    def _tasks(self) -> Tasks:
        """What the tasks of the workers' ECS service run."""
        self.folder.tasks.mkdir(parents=True, exist_ok=True)
        return Tasks(
            command=WORKER_COMMAND,
            folder=self.layout.root,
            environment=task_environment()
            | {"HEALTH_FILE": str(self.folder.health_file("{task}"))},
            logs=self.folder.logs,
            # The first tasks are there as soon as their service is.
            fleet=self.options.fleet.settings() | {"speed": _SPEED_AT_START},
        )

    def _spawn(self, name: str, argv: list[str], env: dict[str, str]) -> ProcessRecord:
        log = self.folder.logs / f"{name}.log"
        return processes.spawn(name, argv, env, log, cwd=self.layout.root)

    def _wait_for_http(self, record: ProcessRecord, address: str) -> None:
        def answers() -> bool:
            try:
                return httpx.get(address, timeout=2, trust_env=False).is_success
            except httpx.TransportError:
                return False

        self._wait(record, answers)

    def _wait(self, record: ProcessRecord, ready: Callable[[], bool]) -> None:
        def detail() -> str:
            return f"It last logged ({record.log}):\n{processes.last_lines(Path(record.log))}"

        def ready_or_dead() -> bool:
            return processes.find(record) is None or ready()

        wait_until(ready_or_dead, record.name, _START_SECONDS, detail)
        if processes.find(record) is None:
            raise StartError(f"{record.name} ended while starting.\n{detail()}")
