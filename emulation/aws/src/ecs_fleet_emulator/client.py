"""A running emulator, as a test uses it: AWS's clients, the fleet's state and faults, its clock."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import boto3

from ecs_fleet_emulator.errors import EmulatorRefusedError, EmulatorTimeoutError
from ecs_fleet_emulator.launch import HEALTH_PATH

Found = TypeVar("Found")
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What LocalStack takes for account 000000000000; no secret."""
_FLEET, _CLOCK = "/_emulator/fleet", "/_emulator/clock/advance"
_PAUSE_SECONDS = 0.2
_ANSWER_SECONDS = 120.0
_ADVANCE_SECONDS = 3600.0
"""The emulator limits its wait for each reaction, of which there may be thousands."""
# A proxy of the person's must not see loopback traffic.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmulatorSession(boto3.Session):
    """A session of boto3 whose clients and resources call the emulator."""

    def __init__(self, endpoint: str, region: str) -> None:
        super().__init__(_KEYS["AWS_ACCESS_KEY_ID"], _KEYS["AWS_SECRET_ACCESS_KEY"], None, region)
        self._endpoint = endpoint

    def client(self, service_name: str, *words: Any, **options: Any) -> Any:
        """A client of a service."""
        options = {"endpoint_url": self._endpoint} | options
        return super().client(service_name, *words, **options)  # type: ignore[call-overload]

    def resource(self, service_name: str, *words: Any, **options: Any) -> Any:
        """A resource of a service."""
        options = {"endpoint_url": self._endpoint} | options
        return super().resource(service_name, *words, **options)  # type: ignore[call-overload]


class Emulator:
    """An emulator that runs at `endpoint`."""

    def __init__(self, endpoint: str, region: str, log: Path) -> None:
        self.endpoint = endpoint
        self.region = region
        self.log = log
        """What it logs."""

    def environment(self) -> dict[str, str]:
        """Variables by which AWS's SDKs and command line, and Terraform, call the emulator."""
        return {
            **_KEYS,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            # No profile, and no instance's role, of the person's.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def session(self) -> EmulatorSession:
        """A session of boto3 for the emulated account."""
        return EmulatorSession(self.endpoint, self.region)

    def client(self, service: str) -> Any:
        """A client of a service of the emulated account."""
        return self.session().client(service)

    def fleet(self) -> dict[str, Any]:
        """The settings, instances and tasks of the region's fleets."""
        return self._call(f"{_FLEET}?region={self.region}")

    def running_tasks(self) -> list[dict[str, Any]]:
        """The tasks whose processes run."""
        return [task for task in self.fleet()["tasks"] if task["status"] == "RUNNING"]

    def change_fleet(self, change: str, **fields: Any) -> dict[str, Any]:
        """Change a setting or switch a fault; the fleets' state after it.

        `interrupt` interrupts a Spot instance, `deny-capacity` and `allow-capacity` say whether a
        group gets instances, `crash-task` kills a task, `settings` changes delays and speeds.

        Raises:
            EmulatorRefusedError: it can't be done; the text says why.
        """
        return self._call(f"{_FLEET}/{change}?region={self.region}", fields)

    def advance(self, seconds: float) -> None:
        """Let so much of AWS's time pass at once; all that is due in it happens in its order.

        Raises:
            EmulatorRefusedError: it can't be done, or something in it goes on for too long.
        """
        self._call(_CLOCK, {"seconds": seconds}, _ADVANCE_SECONDS)

    def wait_for(
        self, condition: Callable[[], Found | None], what: str, seconds: float = 60.0
    ) -> Found:
        """Wait until a condition returns something that is true, and return that.

        Raises:
            EmulatorTimeoutError: it did not within so many seconds; the text says `what`.
        """
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise EmulatorTimeoutError(f"waited {seconds:g} s until {what}")
            time.sleep(_PAUSE_SECONDS)
        return found

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self._call(HEALTH_PATH)
        except (OSError, EmulatorRefusedError):
            return False
        return True

    def _call(self, path: str, body: object = None, timeout: float | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data)  # noqa: S310 - http alone
        try:
            with _OPENER.open(request, timeout=timeout or _ANSWER_SECONDS) as answer:
                content: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise EmulatorRefusedError(f"{path}: {error.code} {text}") from error
        return content
