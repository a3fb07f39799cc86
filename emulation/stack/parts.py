"""The processes of a stack of target `host`: how each is started and when it is ready."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from emulation.aws.launch import HEALTH_PATH, EmulatorConfig, command
from emulation.bootstrap.layout import Layout, python_of
from emulation.errors import StartError
from emulation.stack import processes
from emulation.stack.environment import base_environment
from emulation.stack.options import StackOptions
from emulation.stack.ports import LOOPBACK
from emulation.stack.state import ProcessRecord, StackState, StateFolder
from emulation.stack.waiting import wait_until

EMULATOR, STAND_IN, WORKER, TELEMETRY = "emulator", "discord", "worker", "telemetry"

EMULATOR_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What LocalStack takes for account 000000000000; no secret."""

_START_SECONDS = 120.0


@dataclass(frozen=True)
class Parts:
    """Starts the parts of one stack; each call returns the record of a new process."""

    layout: Layout
    folder: StateFolder
    options: StackOptions

    def start_emulator(self, port: int) -> ProcessRecord:
        """LocalStack with the extension, on a loopback port."""
        config = EmulatorConfig(
            emulator_python=python_of(self.layout.emulator_environment),
            lambda_pythons={"python3.13": python_of(self.layout.lambda_environment)},
            port=port,
            state_dir=self.folder.path,
            region=self.options.region,
        )
        argv, env = command(config)
        return self._spawn(EMULATOR, argv, env)

    def start_stand_in(self, port: int) -> ProcessRecord:
        """The stand-in for Discord, on a loopback port."""
        argv = [sys.executable, "-m", "emulation.discord", "--port", str(port)]
        argv += ["--host", LOOPBACK, "--state-dir", str(self.folder.path / "discord")]
        return self._spawn(STAND_IN, argv, base_environment())

    def start_worker(self, state: StackState, number: int = 1) -> ProcessRecord:
        """A worker with the environment that Terraform would give its task.

        This is the seam of the fleet: who starts workers, and how many, is not the stack's
        business once the fleet does it.
        """
        name = f"{WORKER}-{number}"
        env = base_environment() | EMULATOR_CREDENTIALS | state.worker_environment
        env |= {
            "AWS_ENDPOINT_URL": state.aws_endpoint,
            "AWS_REGION": state.region,
            "HEALTH_FILE": str(self.health_file(name)),
        }
        self.health_file(name).unlink(missing_ok=True)
        return self._spawn(name, [sys.executable, "-m", "discord_diffusion.worker"], env)

    def start_telemetry(self) -> ProcessRecord:
        """What tells the operations page about the queue and the workers."""
        argv = [sys.executable, "-m", "emulation.telemetry", "--state-dir", str(self.folder.path)]
        return self._spawn(TELEMETRY, argv, base_environment())

    def wait_for_emulator(self, record: ProcessRecord, endpoint: str) -> None:
        """Return once LocalStack answers its health check."""
        self._wait_for_http(record, endpoint + HEALTH_PATH)

    def wait_for_stand_in(self, record: ProcessRecord, url: str) -> None:
        """Return once the stand-in answers."""
        self._wait_for_http(record, f"{url}/healthz")

    def wait_for_worker(self, record: ProcessRecord) -> None:
        """Return once the worker has loaded its model and listens to the queue."""
        health = self.health_file(record.name)
        self._wait(record, health.exists)

    def health_file(self, name: str) -> Path:
        """Where a worker says that it is ready."""
        return self.folder.path / f"{name}.health"

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
