"""The state of a stack, kept in `stack.json`, and the folder that holds it."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from emulation.rig.errors import RigError
from emulation.rig.loopback import url_of

DEFAULT_STATE_DIR = ".local"
STATE_DIR_VARIABLE = "DISCORD_DIFFUSION_STATE_DIR"
_MEGABYTE = 10**6
LEAST_FREE = 100 * _MEGABYTE
"""Bytes that have to be free where a stack starts; one takes 40 MB, and 60 after many pictures."""
LEAST_FREE_TO_DRAW = 2 * _MEGABYTE
"""The same where a stack runs: without them nobody gets an answer."""
EMULATOR = "emulator"
"""The name of the emulator's process."""
TASK_LOGS = "worker-*.log"
"""The logs of tasks, each named after its container and its task."""


@dataclass(frozen=True)
class ProcessRecord:
    """A process of the stack.

    `started_at` (seconds since the epoch, as the system reports it) distinguishes it from a later
    process with the same pid.
    """

    name: str
    pid: int
    started_at: float
    log: str

    @classmethod
    def read(cls, content: dict[str, Any]) -> "ProcessRecord":
        """A record from JSON; ValueError or TypeError if it is none."""
        pid, started_at = int(content["pid"]), float(content["started_at"])
        return cls(str(content["name"]), pid, started_at, str(content["log"]))


@dataclass(frozen=True)
class ProcessHealth:
    """Whether a process of a stack, or the first one of a container, runs; where its log is."""

    name: str
    pid: int
    alive: bool
    log: str


@dataclass(frozen=True)
class LiveServer:
    """A real server of Discord's that a stack serves, and the application that does."""

    application_id: str
    guild_id: str
    guild_name: str
    public_key: str
    """Of the key that the rig itself signs interactions with, in hex."""


@dataclass(frozen=True)
class StackState:
    """A stack that runs, or that was being started when this was written (`ready` is false)."""

    target: str
    project: str = ""
    """Of target `docker`: the name of its compose project."""
    ready: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    """`StackOptions.as_json` of the start, or of the last change."""
    lambda_package_sha256: str = ""
    commands_sha256: str = ""
    """Of the commands that are registered."""
    restored: bool = False
    """Whether the emulator began with the state of a snapshot: the module was not applied."""
    snapshot: str = ""
    """The name of snapshots of this stack: digests of what its emulator's state depends on."""
    aws_endpoint: str = ""
    region: str = "us-east-1"
    discord_url: str = ""
    discord_api_url: str = ""
    interactions_url: str = ""
    queue_url: str = ""
    dead_letter_queue_url: str = ""
    interactions_function_name: str = ""
    function_names: dict[str, str] = field(default_factory=dict)
    """Names of the Lambda functions on the emulator, by their names in `functions`."""
    ecs_cluster_name: str = ""
    ecs_service_name: str = ""
    auto_scaling_group_name: str = ""
    jobs_table_name: str = ""
    alarm_names: dict[str, list[str]] = field(default_factory=dict)
    """The alarms that scale the fleet, and those that notify people."""
    worker_environment: dict[str, str] = field(default_factory=dict)
    live: LiveServer | None = None
    """The real server that is served; None where the stand-in is all that there is of Discord."""
    processes: tuple[ProcessRecord, ...] = ()

    @classmethod
    def on_ports(cls, target: str, aws_port: int, discord_port: int, **known: Any) -> "StackState":
        """A stack that is being started, with its servers on ports of loopback."""
        discord_url = url_of(discord_port)
        return cls(
            target=target,
            aws_endpoint=url_of(aws_port),
            discord_url=discord_url,
            discord_api_url=f"{discord_url}/api/v10",
            **known,
        )

    def with_process(self, record: ProcessRecord) -> "StackState":
        """The state with one more process."""
        return replace(self, processes=(*self.processes, record))

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "StackState":
        """The stack that `as_json` wrote, without its processes.

        Unknown fields, of an older or newer version, are left out, so that such a stack can still
        be found and stopped.
        """
        known = {known.name for known in fields(cls)} - {"processes", "live"}
        live = LiveServer(**content["live"]) if content.get("live") else None
        return cls(live=live, **{name: content[name] for name in content.keys() & known})

    def as_json(self) -> dict[str, Any]:
        """For `stack.json` and `--json`; it holds no secret."""
        return asdict(self)


@dataclass(frozen=True)
class StateFolder:
    """The folder of one stack: its state file, logs, Terraform state and data."""

    path: Path

    @classmethod
    def chosen(cls, root: Path, option: Path | None = None) -> "StateFolder":
        """The folder from the command line, else the environment, else `.local`."""
        named = option or os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR
        return cls((root / named).resolve())

    @property
    def stack_file(self) -> Path:
        """The state of the running stack."""
        return self.path / "stack.json"

    @property
    def logs(self) -> Path:
        """A log for each process; kept when the stack goes down."""
        return self.path / "logs"

    @property
    def watching(self) -> Path:
        """The file that the watcher makes when it sees edits."""
        return self.path / "watching"

    @property
    def connection(self) -> Path:
        """How the connection to Discord fares."""
        return self.path / "connection.json"

    @property
    def debuggers(self) -> Path:
        """The file that says which programs are debugged, for those that start."""
        return self.path / "debuggers.json"

    @property
    def tasks(self) -> Path:
        """The health files of tasks."""
        return self.path / "tasks"

    def health_file(self, task: str) -> Path:
        """The file that a task makes when it is ready; `task` is its name as in its log's."""
        return self.tasks / f"{task}.health"

    def make(self) -> None:
        """Make the folder its owner's alone: it holds messages, logs and Terraform's state.

        Raises:
            RigError: it can't be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise RigError(
                f"The stack's folder {self.path} can't be written to ({error.strerror})."
                f" Name another one: {STATE_DIR_VARIABLE}="
            ) from error

    def check_space(self, needed: int = LEAST_FREE) -> None:
        """Return if so many bytes are free: servers fail at whatever they write first.

        Raises:
            RigError: they are not.
        """
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise RigError(
                f"{free // _MEGABYTE} MB are free for the stack's folder {self.path}, and"
                f" {needed // _MEGABYTE} are needed. Free some, or stop the stack and name another"
                f" folder: {STATE_DIR_VARIABLE}="
            )

    def save(self, state: StackState) -> None:
        """Write the state in one piece: a reader never sees half of it."""
        self.make()
        draft = self.stack_file.with_suffix(".new")
        draft.write_text(json.dumps(state.as_json(), indent=2) + "\n")
        draft.replace(self.stack_file)

    def load(self) -> StackState | None:
        """The state written last, or None. A file that can't be read counts as none."""
        try:
            content = json.loads(self.stack_file.read_text())
            records = tuple(ProcessRecord.read(record) for record in content.pop("processes"))
            if not isinstance(content["options"], dict):
                return None
            return replace(StackState.from_json(content), processes=records)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


@contextmanager
def exclusive(cache: Path, folder: StateFolder) -> Iterator[None]:
    """Hold the lock on starting and stopping the stack of `folder`, after waiting for it.

    The lock lives in the cache: a stack that is down leaves nothing in its own folder.
    """
    name = hashlib.sha256(str(folder.path).encode()).hexdigest()[:16]
    path = cache / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Waiting for another command that starts or stops this stack ...\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
