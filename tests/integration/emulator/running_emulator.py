"""A running emulator for tests, and Lambda functions on it."""

import base64
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
from botocore.config import Config

from ecs_fleet_emulator.launch import EmulatorConfig
from emulation.rig.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
ROLE = "arn:aws:iam::000000000000:role/tests"


class Emulator(ABC):
    """A running emulator: processes of this machine, or a container (`emulators.start`).

    Functions' processes are named by their own process ids, tasks by their entries in the fleet
    agent's state.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.client = cache(self._client)

    @property
    @abstractmethod
    def host_address(self) -> str:
        """The address under which its functions reach this machine."""

    @property
    @abstractmethod
    def exit_status(self) -> int | None:
        """The emulator's exit status; None while it runs."""

    @abstractmethod
    def printed(self) -> str:
        """All that the emulator has logged."""

    @abstractmethod
    def addresses(self) -> list[tuple[str, int]]:
        """The addresses and ports on which its processes listen."""

    @abstractmethod
    def cpu_seconds(self) -> float:
        """The processor time that it has used."""

    @abstractmethod
    def runs(self, pid: int) -> bool:
        """Whether a function's process runs."""

    @abstractmethod
    def kill_function(self, pid: int) -> None:
        """Kill a function's process, and wait for its end."""

    @abstractmethod
    def task_environment(self, shown: dict[str, Any]) -> dict[str, str]:
        """The environment of a task."""

    @abstractmethod
    def task_watch(self, shown: dict[str, Any]) -> Callable[[], bool]:
        """A function that says whether the task runs, even after the emulator has ended."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the emulator, without a chance to clean up."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the emulator. Fails if it takes long, or a process is left."""

    @abstractmethod
    def remove(self) -> None:
        """Stop the emulator in any state, and remove what is left of it."""

    def clock(self) -> dict[str, float]:
        """Its time as Unix seconds, `now`, and how far tests have moved it, `moved_seconds`."""
        answer = httpx.get(f"{self.config.endpoint}/_emulator/clock", trust_env=False)
        found: dict[str, float] = answer.raise_for_status().json()
        return found

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


@dataclass(frozen=True)
class Result:
    """An invocation's payload, the kind of its error or None, and the end of its log."""

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
        """All events of the function in CloudWatch Logs."""
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
    """A zip archive of code."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return archive.getvalue()


def create_function(emulator: Emulator, code: dict[str, Any], **settings: Any) -> Function:
    """Create a function, and wait until it is active or has failed."""
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
