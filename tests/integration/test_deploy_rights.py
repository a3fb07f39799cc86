"""The rights of infra/deploy/policy.json are enough for the deploy step's own calls."""

import json
import re
from collections.abc import Iterator

import pytest

from emulation.rig.emulator_client import rights_report
from tests import rehearsals
from tests.rehearsals import Rehearsal
from tests.targets import HOST, TARGET
from toolchain.layout import Layout

pytestmark = pytest.mark.skipif(TARGET != HOST, reason="a rehearsal runs in processes")

ROLE = "deploys"
POLICY = Layout.of_this_checkout().root / "infra" / "deploy" / "policy.json"
TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A new account, in which a role has the policy of the deploy step."""
    with rehearsals.begun(tmp_path_factory.mktemp("rights")) as begun:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        begun.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        yield begun


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


def test_the_preflight_needs_no_other_right(rehearsal: Rehearsal) -> None:
    set_policy(rehearsal, POLICY.read_text())
    said = preflight(rehearsal)
    report = rights_report(rehearsal.state.aws_endpoint)
    assert report.denials == []
    assert len(report.used[ROLE]) >= 5
    as_root = rehearsal.run("preflight")
    assert said == comparable(as_root.stdout + as_root.stderr)


def test_a_right_that_is_missing_is_named(rehearsal: Rehearsal) -> None:
    policy = json.loads(POLICY.read_text())
    policy["Statement"][0]["Action"].remove("ec2:DescribeInstanceTypes")
    set_policy(rehearsal, json.dumps(policy))
    assert "ec2:DescribeInstanceTypes" in preflight(rehearsal)
