"""The account of `make rehearsal`: what it prints is enough for the deploy step, and so are the
rights of infra/deploy/policy.json for its own calls.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from emulation.rig.emulator_client import rights_report
from emulation.rig.host import stack as host
from emulation.rig.state import StateFolder
from tests.rehearsals import LAYOUT, Rehearsal
from tests.targets import HOST, TARGET
from toolchain.shared_provider import shared_provider

pytestmark = pytest.mark.skipif(TARGET != HOST, reason="a rehearsal runs in processes")

ROLE = "deploys"
POLICY = LAYOUT.infra / "deploy" / "policy.json"
PYTHON = f"{shlex.quote(sys.executable)} -m"
TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateFolder]:
    """Where the account is, once a test has started it."""
    folder = StateFolder(tmp_path_factory.mktemp("rehearsal"))
    yield folder
    host.stop(folder)


@pytest.fixture(scope="module")
def printed(folder: StateFolder) -> str:
    """What `make -s rehearsal` prints when it has started the account."""
    return in_shell(f"{PYTHON} emulation.rig.rehearsal up --state-dir {folder.path}")


@pytest.fixture(scope="module")
def as_root(printed: str) -> str:
    """What the preflight says to a person who evaluates that."""
    return in_shell(f"eval {shlex.quote(printed)} && {PYTHON} infra.deploy preflight")


@pytest.fixture(scope="module")
def rehearsal(folder: StateFolder, printed: str) -> Iterator[Rehearsal]:
    """The account, in which a role has the policy of the deploy step.

    Terraform need not look at the checksum of a provider that runs already.
    """
    exported = (shlex.split(line)[1] for line in printed.splitlines() if line.startswith("export "))
    environment = dict(one.split("=", 1) for one in exported)
    state = folder.load()
    assert state
    rehearsal = Rehearsal(state, folder, LAYOUT.root, environment)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    rehearsal.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    with shared_provider(LAYOUT, rehearsal.shell(DISCORD_BOT_TOKEN=None), folder.path) as provider:
        yield replace(rehearsal, environment=environment | provider)


def in_shell(script: str) -> str:
    """What a script prints, in a shell that knows nothing else of AWS and Discord."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ended = subprocess.run(
        ["/bin/bash", "-c", script],
        env=kept,
        cwd=LAYOUT.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def set_policy(rehearsal: Rehearsal, document: str) -> None:
    rehearsal.client("iam").put_role_policy(RoleName=ROLE, PolicyName=ROLE, PolicyDocument=document)


def preflight(rehearsal: Rehearsal) -> str:
    """What the preflight says to a session of the role."""
    taken = rehearsal.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::000000000000:role/{ROLE}", RoleSessionName="ci"
    )
    keys = taken["Credentials"]
    ended = rehearsal.run(
        "preflight",
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"],
        AWS_SESSION_TOKEN=keys["SessionToken"],
    )
    return comparable(ended.stdout + ended.stderr)


def comparable(said: str) -> str:
    """What was said, without times and without who asked."""
    return re.sub(r"\(\d+ s\)|arn:aws:(iam|sts)::\d+:(root|assumed-role/\S+\b)", "", said)


def test_the_rehearsals_first_command_prints_a_complete_environment(as_root: str) -> None:
    """As `eval "$(make -s rehearsal)"` does, in a folder of its own."""
    assert "Discord application" in as_root
    assert "✗" not in as_root


def test_the_preflight_needs_no_other_right(rehearsal: Rehearsal, as_root: str) -> None:
    set_policy(rehearsal, POLICY.read_text())
    said = preflight(rehearsal)
    report = rights_report(rehearsal.state.aws_endpoint)
    assert report.denials == []
    assert len(report.used[ROLE]) >= 5
    assert said == comparable(as_root)


def test_a_right_that_is_missing_is_named(rehearsal: Rehearsal) -> None:
    policy = json.loads(POLICY.read_text())
    policy["Statement"][0]["Action"].remove("ec2:DescribeInstanceTypes")
    set_policy(rehearsal, json.dumps(policy))
    assert "ec2:DescribeInstanceTypes" in preflight(rehearsal)
