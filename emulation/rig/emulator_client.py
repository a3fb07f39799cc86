"""Clients of a stack's emulator: options for boto3, its fleet agent, and its snapshots."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import httpx

from emulation.rig.errors import ControlError, SnapshotError
from emulation.rig.loopback import NO_CERTIFICATES
from emulation.rig.state import StackState

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What LocalStack takes for account 000000000000; no secret."""
_PATH = "/_emulator/fleet"
_SNAPSHOT = "/_emulator/snapshot"
_SNAPSHOT_SECONDS = 60
_CLOCK = "/_emulator/clock/advance"
_ADVANCE_SECONDS = 3600.0
"""Reactions take real time, and in a day there are many."""
_IAM_PATH = "/_emulator/iam"
_NO_ANSWER = "The emulator does not answer ({}). See: make local-status"


class ClientOptions(TypedDict):
    """Keyword arguments of `boto3.client`."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


def client_options(state: StackState) -> ClientOptions:
    """What every client needs to reach the emulator and nothing else."""
    return {
        "endpoint_url": state.aws_endpoint,
        "region_name": state.region,
        "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }


@dataclass(frozen=True)
class Rights:
    """Rights of the account's roles: `used` counts the allowed requests of each action, by role.

    `unused` are the other actions that the role's policies allow. `denials` are the texts of the
    latest requests that were denied, `denied` is the number of all.
    """

    enforced: bool
    used: dict[str, dict[str, int]]
    unused: dict[str, list[str]]
    denied: int
    denials: list[str]

    def as_json(self) -> dict[str, Any]:
        """The rights for other programs."""
        return asdict(self)


def rights_report(aws_endpoint: str) -> Rights:
    """What the emulator knows about the use of rights; nothing if it does not enforce IAM.

    Raises:
        ControlError: it does not answer.
    """
    try:
        answer = httpx.get(aws_endpoint + _IAM_PATH, timeout=30, trust_env=False)
        content = answer.raise_for_status().json()
    except httpx.HTTPError as error:
        raise ControlError(_NO_ANSWER.format(type(error).__name__)) from error
    roles = {arn.rpartition("/")[2]: one for arn, one in content.get("roles", {}).items()}
    return Rights(
        enforced=content["enforced"],
        used={role: one["used"] for role, one in roles.items()},
        unused={role: one["unused"] for role, one in roles.items()},
        denied=content.get("denied", 0),
        denials=[one["message"] for one in content.get("denials", [])],
    )


class FleetAgentClient:
    """Client of one emulator's fleet agent."""

    def __init__(self, aws_endpoint: str) -> None:
        # trust_env: a proxy of the person's must not see loopback traffic.
        self._http = httpx.Client(
            base_url=aws_endpoint + _PATH, timeout=30, trust_env=False, verify=NO_CERTIFICATES
        )

    def state(self) -> dict[str, Any]:
        """Settings, instances and tasks."""
        return self._json("GET", "")

    def history(self, after: int = 0) -> list[dict[str, Any]]:
        """What has changed since the entry with a number, oldest first."""
        entries: list[dict[str, Any]] = self._json("GET", f"/history?after={after}")["entries"]
        return entries

    def change(self, name: str, **fields: object) -> dict[str, Any]:
        """Change something, and return the state after it; fields that are None are left out.

        Raises:
            ControlError: it can't be done; the text is the agent's.
        """
        given = {key: value for key, value in fields.items() if value is not None}
        return self._json("POST", f"/{name}", given)

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ControlError(_NO_ANSWER.format(type(error).__name__)) from error
        if answer.is_client_error:
            raise ControlError(
                f"The fleet agent refused: {answer.json().get('error', answer.text)}"
            )
        if answer.is_error:
            raise ControlError(f"The fleet agent failed ({answer.status_code}): {answer.text}")
        content: dict[str, Any] = answer.json()
        return content


def advance(aws_endpoint: str, seconds: float) -> dict[str, int]:
    """Let time pass at once on an emulator, and so in its stack; returns when it has passed.

    Functions, the fleet's tasks and the stand-in have the new time. The result counts the moments
    at which something happened meanwhile, by the part of the emulator.

    Raises:
        ControlError: time can't be moved; the text is the emulator's.
    """
    try:
        answer = httpx.post(
            aws_endpoint + _CLOCK,
            json={"seconds": seconds},
            timeout=_ADVANCE_SECONDS,
            trust_env=False,
            verify=NO_CERTIFICATES,
        )
    except httpx.HTTPError as error:
        raise ControlError(_NO_ANSWER.format(type(error).__name__)) from error
    if answer.is_error:
        raise ControlError(f"Time was not moved: {answer.json().get('error', answer.text)}")
    moments: dict[str, int] = answer.json()["moments"]
    return moments


def emulator_state(aws_endpoint: str, addresses: Mapping[str, str]) -> bytes:
    """The whole state of an emulator, with names in place of addresses.

    Raises:
        SnapshotError: it can't be saved, or the emulator does not answer.
    """
    try:
        with httpx.Client(
            timeout=_SNAPSHOT_SECONDS, trust_env=False, verify=NO_CERTIFICATES
        ) as http:
            answer = http.get(aws_endpoint + _SNAPSHOT, params=addresses)
    except httpx.HTTPError as error:
        raise SnapshotError(f"The emulator does not answer ({type(error).__name__}).") from error
    if answer.is_error:
        raise SnapshotError(f"The emulator refused ({answer.status_code}): {answer.text[:300]}")
    return answer.content
