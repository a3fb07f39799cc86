"""The launches that Auto Scaling reports: which have failed, and which somebody cancelled."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.fleet.guard import FleetGuard, Sighting, look
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.instances import GroupInstance, Launch, launch_times
from discord_diffusion.fleet.starts import StartLimits

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
INSTANCE = "i-0123456789abcdef0"
DIED = "Instance became unhealthy while waiting for instance to be in InService state. "
KMS = f"{DIED}Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key is disabled"
SPOT = f"{DIED}Termination Reason: Server.SpotInstanceTermination: Spot instance termination"
BY_REQUEST = f"{DIED}Termination Reason: Client.UserInitiatedShutdown: User initiated shutdown"


def activity(
    status: str, message: str = "", way: str = "", began: datetime = BEGAN
) -> dict[str, object]:
    """An activity of Auto Scaling, of a launch that perhaps concerns the warm pool."""
    return {
        "ActivityId": "1",
        "AutoScalingGroupName": "bot",
        "Description": f"Launching a new EC2 instance{way}: {INSTANCE}",
        "Cause": "a difference between desired and actual capacity",
        "StartTime": began,
        "StatusCode": status,
    } | ({"StatusMessage": message} if message else {})


def read(monkeypatch: pytest.MonkeyPatch, *activities: dict[str, object]) -> list[Launch]:
    """What is read of activities, the newest first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    group = InstanceGroup("bot", region="us-east-1")
    with Stubber(group._client) as stub:
        stub.add_response("describe_scaling_activities", {"Activities": list(activities)})
        return group.launches()


def launches(monkeypatch: pytest.MonkeyPatch, status: str, message: str = "") -> list[Launch]:
    """What is read of one activity."""
    return read(monkeypatch, activity(status, message))


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


def test_an_instance_of_the_warm_pool_is_launched_when_it_leaves_the_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hours in which it was stopped are not counted, nor held against it: it is not lost."""
    warmed = activity("Successful", way=" into warm pool", began=BEGAN - timedelta(hours=9))
    woken = activity("Successful", way=" from warm pool")
    found = launch_times(read(monkeypatch, woken, warmed))
    assert found == {INSTANCE: BEGAN}
    guard = FleetGuard(InstanceHours(BEGAN))
    seen = Sighting([GroupInstance(INSTANCE, leaving=False)], set(), found, [], works=False)
    after = look(guard, seen, StartLimits(), BEGAN + timedelta(seconds=90))
    assert not after.instances[INSTANCE].lost
    assert after.hours.day_seconds == 90


def test_a_launch_into_the_warm_pool_that_fails_is_no_failed_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read(monkeypatch, activity("Failed", "over the vCPU limit", " into warm pool")) == []
