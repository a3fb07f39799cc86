"""Roles with policies on an emulator that enforces IAM, and clients with their credentials."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import ClientError
from running_emulator import Emulator

from emulation.rig.waiting import wait_until

ACCOUNT = "000000000000"
REGION = "us-east-1"


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return allow(action, resource, **more) | {"Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(**principal: str) -> str:
    """A trust policy."""
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


@dataclass(frozen=True)
class Role:
    """A role that the account's root may take."""

    emulator: Emulator
    name: str
    arn: str

    def set_policy(self, *statements: dict[str, Any]) -> None:
        """Replace its policy."""
        self.emulator.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="inline", PolicyDocument=document(*statements)
        )

    def client(self, service: str) -> Any:
        """A client with credentials of a new session."""
        answer = self.emulator.client("sts").assume_role(
            RoleArn=self.arn, RoleSessionName="session"
        )
        found = answer["Credentials"]
        make: Any = boto3.client  # the service's name is not known to the type checker
        return make(
            service,
            endpoint_url=self.emulator.config.endpoint,
            region_name=REGION,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            config=Config(retries={"max_attempts": 0}),
        )


def make_role(emulator: Emulator, trusted: str = "", *statements: dict[str, Any]) -> Role:
    """A role with a policy; without `trusted`, a trust policy, only the account may take it."""
    name = f"role-{uuid4().hex[:8]}"
    policy = trusted or trust(AWS=f"arn:aws:iam::{ACCOUNT}:root")
    iam = emulator.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]
    role = Role(emulator, name, made["Arn"])
    if statements:
        role.set_policy(*statements)
    return role


@dataclass(frozen=True)
class Error:
    """An error of AWS's."""

    code: str
    message: str
    status: int


def error_of(call: Callable[[], object]) -> Error:
    """The error of a call that fails."""
    try:
        call()
    except ClientError as error:
        found = error.response
        return Error(
            found["Error"]["Code"],
            found["Error"]["Message"],
            found["ResponseMetadata"]["HTTPStatusCode"],
        )
    raise AssertionError("the call succeeded")


def code_of(call: Callable[[], object]) -> str:
    """The code of a call's error; empty if it succeeds."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def report(emulator: Emulator) -> dict[str, Any]:
    """The rights' report of an emulator."""
    found: dict[str, Any] = httpx.get(f"{emulator.config.endpoint}/_emulator/iam").json()
    return found


def name() -> str:
    """A name that nothing else has."""
    return f"iam-{uuid4().hex[:8]}"


def denied(emulator: Emulator, resource: str) -> list[str]:
    """The texts of the denials about a resource."""
    return [one["message"] for one in report(emulator)["denials"] if one["resource"] == resource]


def wait_for_denial(emulator: Emulator, resource: str) -> str:
    """The text of the newest denial about a resource, once there is one."""
    wait_until(lambda: bool(denied(emulator, resource)), f"a denial for {resource}", 20)
    return denied(emulator, resource)[-1]
