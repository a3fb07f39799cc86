"""AWS's answers about a fleet, for unit tests of what reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any

INSTANCE = "i-0123456789abcdef0"
ARN = "arn:aws:ecs:us-east-2:123456789012:x/discord-diffusion-prod/0123456789abcdef"


def now() -> datetime:
    """This moment: the code under test compares with it, minutes after this module's import."""
    return datetime.now(UTC)


def service(**changed: Any) -> dict[str, Any]:
    found = {
        "status": "ACTIVE",
        "desiredCount": 0,
        "runningCount": 0,
        "pendingCount": 0,
        "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}],
        "events": [],
    }
    return {"describe_services": {"services": [found | changed]}}


def cluster(**joined: bool) -> dict[str, Any]:
    """The cluster's instances (`i_0123`), and whether the agent of each is connected."""
    found = [
        {"ec2InstanceId": name.replace("_", "-"), "agentConnected": connected}
        for name, connected in joined.items()
    ]
    return {
        "list_container_instances": {"containerInstanceArns": [ARN] * len(found)},
        "describe_container_instances": {"containerInstances": found},
    }


def group(*members: str) -> dict[str, Any]:
    zone = {"AvailabilityZone": "us-east-2a", "HealthStatus": "Healthy"}
    state = {"LifecycleState": "InService", "ProtectedFromScaleIn": True}
    found = [{"InstanceId": name, **zone, **state} for name in members]
    named = {"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 1}
    usual = {"DefaultCooldown": 0, "AvailabilityZones": [], "HealthCheckType": "EC2"}
    whole = {**named, **usual, "CreatedTime": now(), "Instances": found}
    return {"describe_auto_scaling_groups": {"AutoScalingGroups": [whole]}}


def failed_launches(*messages: str, status: str = "Failed") -> dict[str, Any]:
    activities = [
        {
            "ActivityId": "1",
            "AutoScalingGroupName": "g",
            "Cause": "c",
            "StartTime": now() - timedelta(minutes=1),
            "StatusCode": status,
            **({"StatusMessage": message} if message else {}),
        }
        for message in messages
    ]
    return {"describe_scaling_activities": {"Activities": activities}}


def stopped(reason: str, **container: Any) -> dict[str, Any]:
    task = {"stoppedReason": reason, "stopCode": "TaskFailedToStart", "containers": [container]}
    return {"list_tasks": {"taskArns": [ARN]}, "describe_tasks": {"tasks": [task]}}


def launched(minutes: int) -> dict[str, Any]:
    found = {"InstanceId": INSTANCE, "LaunchTime": now() - timedelta(minutes=minutes)}
    return {
        "describe_instances": {"Reservations": [{"Instances": [found]}]},
        "get_console_output": {"Output": "cloud-init done\n\n ecs.service: inactive \n"},
    }
