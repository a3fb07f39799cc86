"""The processes of a stack of target `host`: how each is started and when it is ready."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ecs_fleet_emulator.launch import HEALTH_PATH, EmulatorConfig, Tasks, clock_file, command
from emulation.rig.errors import StartError
from emulation.rig.host import processes, worker_process
from emulation.rig.host.processes import base_environment, task_environment
from emulation.rig.live import signing_key
from emulation.rig.live.connection import Connection
from emulation.rig.loopback import LOOPBACK, answers, port_of
from emulation.rig.options import StackOptions
from emulation.rig.snapshots import addresses
from emulation.rig.state import EMULATOR, TASK_LOGS, ProcessRecord, StackState, StateFolder
from emulation.rig.waiting import wait_until
from infra.deploy.choices import DISCORD_BOT_TOKEN
from toolchain.display import Display
from toolchain.layout import Layout, python_of

STAND_IN, TELEMETRY, WATCHER = "discord", "telemetry", "watcher"
CONNECTOR = "connector"

WORKER_COMMAND = (sys.executable, "-m", worker_process.__name__, "discord_diffusion.worker")
"""The command of the worker's image."""
FORK_SERVER_COMMAND: tuple[str, ...] = (sys.executable, "-m", "emulation.rig.host.fork_server")
"""The command of the process that forks workers."""

_START_SECONDS = 120.0
_SPEED_AT_START = 600.0


@dataclass(frozen=True)
class Parts:
    """Starts the parts of one stack; each call returns the record of a new process."""

    layout: Layout
    folder: StateFolder
    options: StackOptions

    @property
    def _emulator_python(self) -> Path:
        return python_of(self.layout.emulator_environment(self.options.emulator))

    def check_emulator(self) -> None:
        """Return if the emulator of the options is set up.

        Raises:
            StartError: it is not; the text says what to do.
        """
        if not self._emulator_python.exists():
            emulator = self.options.emulator
            raise StartError(f"This emulator is not set up. Run: make setup EMULATOR={emulator}")

    def start_emulator(self, state: StackState, snapshot: Path | None = None) -> ProcessRecord:
        """An emulator with the plug-in, where `state` says; the fleet's tasks are its children."""
        for old in self.folder.logs.glob(TASK_LOGS):
            old.unlink()
        self.folder.tasks.mkdir(parents=True, exist_ok=True)
        own = {
            "HEALTH_FILE": str(self.folder.health_file("{task}")),
            worker_process.DEBUGGERS: str(self.folder.debuggers),
        }
        tasks = Tasks(
            command=WORKER_COMMAND,
            folder=self.layout.root,
            environment=task_environment() | own,
            logs=self.folder.logs,
            # The first tasks are there as soon as their service is.
            fleet=self.options.fleet.settings() | {"speed": _SPEED_AT_START},
            fork_server=FORK_SERVER_COMMAND,
            # A restored task starts as soon as the emulator has; others once they are made.
            forks_at_start=bool(snapshot and self.options.fleet.minimum_tasks),
        )
        config = EmulatorConfig(
            emulator_python=self._emulator_python,
            lambda_pythons={"python3.13": python_of(self.layout.lambda_environment)},
            port=port_of(state.aws_endpoint),
            state_dir=self.folder.path,
            region=self.options.region,
            tasks=tasks,
            enforces_iam=self.options.enforces_iam,
            snapshot=snapshot,
            addresses=addresses(state),
            debuggers=self.folder.debuggers,
        )
        argv, env = command(config)
        return self._spawn(EMULATOR, argv, env)

    def start_stand_in(self, port: int) -> ProcessRecord:
        """The stand-in for Discord, on a loopback port."""
        argv = [sys.executable, "-m", "discord_stand_in", "--port", str(port)]
        argv += ["--host", LOOPBACK, "--state-dir", str(self.folder.path / "discord")]
        argv += ["--recordings-dir", str(self.layout.root / "fixtures" / "interactions")]
        argv += ["--answer-seconds", str(self.options.answer_seconds)]
        argv += ["--clock", str(clock_file(self.folder.path))]
        return self._spawn(STAND_IN, argv, base_environment())

    def start_telemetry(self) -> ProcessRecord:
        """The telemetry, which reports the queue and the fleet to the operations page."""
        argv = [sys.executable, "-m", "emulation.rig.telemetry"]
        argv += ["--state-dir", str(self.folder.path)]
        return self._spawn(TELEMETRY, argv, base_environment())

    def start_watcher(self) -> ProcessRecord:
        """The watcher, which brings edits of the code to the running stack; it sees them already.

        Raises:
            StartError: it ended while starting.
        """
        self.folder.watching.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "emulation.rig.watcher"]
        argv += ["--state-dir", str(self.folder.path)]
        return self._started(WATCHER, argv, self.folder.watching.exists)

    def start_connector(self) -> ProcessRecord:
        """The connector, which brings what happens on a real Discord to the stack; it is connected.

        Raises:
            StartError: Discord refused it.
        """
        connection = self.folder.connection
        connection.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "emulation.rig.live.connector"]
        argv += ["--state-dir", str(self.folder.path)]
        argv += ["--signing-key", str(signing_key.kept(self.layout.cache))]
        argv += ["--answer-seconds", str(self.options.answer_seconds)]
        return self._started(
            CONNECTOR, argv, lambda: bool(Connection.load(connection).connected_since)
        )

    def _started(self, name: str, argv: list[str], is_ready: Callable[[], bool]) -> ProcessRecord:
        """A process that may call Discord, once it is ready; one that does not get so is ended."""
        token = self.options.bot_token
        own = {DISCORD_BOT_TOKEN: token} if token else {}
        process = self._spawn(name, argv, base_environment() | own)
        try:
            _wait_until_ready(process, is_ready)
        except BaseException:
            processes.terminate((process,))
            raise
        return process

    def without(self, name: str, state: StackState) -> StackState:
        """The stack after one of its processes was ended."""
        ended = tuple(one for one in state.processes if one.name == name)
        processes.terminate(ended)
        return replace(state, processes=tuple(one for one in state.processes if one not in ended))

    def start_servers(
        self,
        state: StackState,
        display: Display,
        snapshot: Path | None = None,
        *,
        has_emulator: bool = True,
    ) -> StackState:
        """Start the emulator and the stand-in where `state` says, and wait until both answer.

        The emulator starts with the state in the file `snapshot`, if one is given; where the stack
        has none, what answers at `state.aws_endpoint` is somebody else's. The stack's
        state is saved with each process, so that it can be found and stopped.

        Raises:
            StartError: a server ended while starting.
            DeadlineError: a server did not answer in time.
        """
        waits = {}
        if has_emulator:
            emulator = self.start_emulator(state, snapshot)
            self.folder.save(state := state.with_process(emulator))
            waits["emulator: start"] = (emulator, state.aws_endpoint + HEALTH_PATH)
        stand_in = self.start_stand_in(port_of(state.discord_url))
        self.folder.save(state := state.with_process(stand_in))
        waits["Discord stand-in: start"] = (stand_in, f"{state.discord_url}/healthz")
        with ThreadPoolExecutor() as pool:
            started = [
                pool.submit(display.run, title, partial(_wait_for_answer, *server))
                for title, server in waits.items()
            ]
        for wait in started:
            wait.result()
        return state

    def _spawn(self, name: str, argv: list[str], env: dict[str, str]) -> ProcessRecord:
        log = self.folder.logs / f"{name}.log"
        return processes.spawn(name, argv, env, log, cwd=self.layout.root)


def _wait_for_answer(process: ProcessRecord, url: str) -> None:
    _wait_until_ready(process, lambda: answers(url))


def _wait_until_ready(process: ProcessRecord, is_ready: Callable[[], bool]) -> None:
    def detail() -> str:
        return f"It last logged ({process.log}):\n{processes.last_lines(Path(process.log))}"

    def ready_or_ended() -> bool:
        return processes.find(process) is None or is_ready()

    wait_until(ready_or_ended, f"{process.name} is ready", _START_SECONDS, detail)
    if processes.find(process) is None:
        raise StartError(f"{process.name} ended while starting.\n{detail()}")
