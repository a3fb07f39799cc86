"""An emulator of the tests' own, and functions on it."""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import boto3
import psutil
from botocore.config import Config

from emulation.aws.launch import LOOPBACK, EmulatorConfig, Tasks, command

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0
STOP_SECONDS = 5.0
T = TypeVar("T")
ROLE = "arn:aws:iam::000000000000:role/tests"


def venv_python(variable: str, folder: str) -> Path:
    """The interpreter of a virtual environment of the set-up, or of the one a variable names."""
    return Path(os.environ.get(variable, ROOT / ".cache" / folder)) / "bin" / "python"


EMULATOR_PYTHON = venv_python("EMULATOR_VENV", "emulator")
LAMBDA_PYTHON = venv_python("LAMBDA_PYTHON313_VENV", "lambda-python3.13")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], T], what: str, seconds: float = 10.0) -> T:
    """Wait until `condition` gives something true, and give that; fail after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def gone(processes: Iterable[psutil.Process]) -> bool:
    """Whether all the processes have ended."""
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def config(state_dir: Path, port: int, tasks: Tasks | None = None) -> EmulatorConfig:
    """What an emulator of the tests is started with."""
    return EmulatorConfig(
        emulator_python=EMULATOR_PYTHON,
        lambda_pythons={"python3.13": LAMBDA_PYTHON},
        port=port,
        state_dir=state_dir,
        tasks=tasks or Tasks(),
    )


class Reachable:
    """An emulator that somebody started."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        client: Any = boto3.client  # the service's name is not known to the type checker
        return client(
            service,
            endpoint_url=self.config.endpoint,
            region_name=self.config.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=32, read_timeout=60),
        )


class Emulator(Reachable):
    """A running emulator, of processes of this machine."""

    def __init__(self, state_dir: Path, tasks: Tasks | None = None) -> None:
        super().__init__(config(state_dir, free_port(), tasks))
        self.log = state_dir / "emulator.log"
        argv, environment = command(self.config)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                argv, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, f"the emulator answers; its log: {self.log}", START_SECONDS)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the emulator ended:\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(self.config.health_url, timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def tree(self) -> list[psutil.Process]:
        """The emulator's process and all below it."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> float:
        """End it; the seconds that it took. Fails if a process is left."""
        if self.process.poll() is not None:
            return 0.0
        tree = self.tree()
        started = time.monotonic()
        self.process.send_signal(with_signal)
        self.process.wait(STOP_SECONDS)
        wait_until(lambda: gone(tree), "no process is left", STOP_SECONDS)
        return time.monotonic() - started


@dataclass(frozen=True)
class Result:
    """What an invocation gave: the payload, the kind of error or None, and the log's tail."""

    payload: Any
    error: str | None
    log: str


@dataclass(frozen=True)
class Function:
    """A function on the emulator."""

    emulator: Emulator
    name: str
    arn: str

    def invoke(self, event: object = None) -> Result:
        answer = self.emulator.client("lambda").invoke(
            FunctionName=self.name, Payload=json.dumps(event or {}), LogType="Tail"
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return Result(json.loads(answer["Payload"].read()), answer.get("FunctionError"), log)

    def wait_until_active(self) -> None:
        client = self.emulator.client("lambda")

        def settled() -> bool:
            found = client.get_function_configuration(FunctionName=self.name)
            return not {"Pending", "InProgress"} & {found["State"], found.get("LastUpdateStatus")}

        wait_until(settled, f"{self.name} is active")

    def log_events(self) -> list[str]:
        """All that CloudWatch Logs holds of the function."""
        logs = self.emulator.client("logs")
        group = f"/aws/lambda/{self.name}"
        try:
            streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]


def zipped(files: Mapping[str, str]) -> bytes:
    """A code archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return archive.getvalue()


def create_function(emulator: Emulator, code: dict[str, Any], **settings: Any) -> Function:
    """Make a function and wait until it can be invoked, or has failed."""
    name = f"function-{uuid4().hex[:8]}"
    arguments = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 5, **settings}
    made = emulator.client("lambda").create_function(
        FunctionName=name, Role=ROLE, Code=code, **arguments
    )
    function = Function(emulator, name, made["FunctionArn"])
    function.wait_until_active()
    return function


Deploy = Callable[..., Function]
"""(source of app.py, files=None, **settings of the function) -> the function, ready."""
