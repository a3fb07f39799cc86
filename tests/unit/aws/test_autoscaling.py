"""The launches that Auto Scaling reports: which have failed, and which somebody cancelled."""

from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.fleet.instances import Launch

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
INSTANCE = "i-0123456789abcdef0"
DIED = "Instance became unhealthy while waiting for instance to be in InService state. "
KMS = f"{DIED}Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key is disabled"
SPOT = f"{DIED}Termination Reason: Server.SpotInstanceTermination: Spot instance termination"
BY_REQUEST = f"{DIED}Termination Reason: Client.UserInitiatedShutdown: User initiated shutdown"


def launches(monkeypatch: pytest.MonkeyPatch, status: str, message: str = "") -> list[Launch]:
    """What is read of one activity."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    activity = {
        "ActivityId": "1",
        "AutoScalingGroupName": "bot",
        "Description": f"Launching a new EC2 instance: {INSTANCE}",
        "Cause": "a difference between desired and actual capacity",
        "StartTime": BEGAN,
        "StatusCode": status,
    } | ({"StatusMessage": message} if message else {})
    group = InstanceGroup("bot", region="us-east-1")
    with Stubber(group._client) as stub:
        stub.add_response("describe_scaling_activities", {"Activities": [activity]})
        return group.launches()


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_a_launch_that_failed_or_that_aws_cancelled_has_a_problem(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    [found] = launches(monkeypatch, status, KMS)
    assert found == Launch(BEGAN, INSTANCE, KMS)
    assert not found.is_short_of_capacity


@pytest.mark.parametrize("message", ["", BY_REQUEST])
def test_a_launch_that_the_loop_or_a_person_cancelled_says_nothing(
    monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    assert launches(monkeypatch, "Cancelled", message) == []


def test_an_instance_that_spot_takes_back_as_it_starts_is_a_shortage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [found] = launches(monkeypatch, "Cancelled", SPOT)
    assert found.is_short_of_capacity


@pytest.mark.parametrize("status", ["PreInService", "Successful"])
def test_any_other_launch_has_no_problem(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    assert launches(monkeypatch, status) == [Launch(BEGAN, INSTANCE, None)]
