"""The Auto Scaling group of the fleet: its instances, its launches, and their end."""

import re
from datetime import UTC
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated
from discord_diffusion.fleet.instances import GroupInstance, GroupState, Launch

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient

_RECENT_ACTIVITIES = 50
"""The number of a group's latest activities that are read."""
_FAILED, _CANCELLED = "Failed", "Cancelled"
"""A launch that AWS itself cancels, as it does if the instance dies before it is in service, has
failed, too. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html"""
_BY_REQUEST = "UserInitiated"
"""In the reason of an instance that somebody ended.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html"""
_LAUNCH = re.compile(
    r"Launching a new EC2 instance(?! into warm pool)(?: from warm pool)?(?:: (i-[0-9a-f]+))?"
)
"""A launch into the warm pool is none of the group: its instance is launched out of the pool later.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-activities.html"""
_LEAVING = "Terminat"
"""Begins the lifecycle states of an instance on its way out.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html"""

_DRAINS = "Terminating:Wait"
_DRAINING_HOOK = "ecs-managed-draining-termination-hook"
"""The lifecycle hook by which ECS drains an instance of a capacity provider before it ends.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html"""


class InstanceGroup:
    """One Auto Scaling group. Each method raises `ServiceError` if AWS refuses."""

    def __init__(self, name: str, *, region: str | None = None) -> None:
        self._name = name
        self._client: AutoScalingClient = client("autoscaling", region=region)

    def state(self) -> GroupState:
        """The group with all its instances, those that start or end too."""
        with translated(ServiceError):
            answer = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._name])
        if not answer["AutoScalingGroups"]:
            raise ServiceError(f"no Auto Scaling group {self._name}")
        [group] = answer["AutoScalingGroups"]
        instances = tuple(
            GroupInstance(
                instance["InstanceId"],
                leaving=instance["LifecycleState"].startswith(_LEAVING),
                drains=instance["LifecycleState"] == _DRAINS,
            )
            for instance in group["Instances"]
        )
        return GroupState(group["DesiredCapacity"], instances)

    def set_desired(self, instances: int) -> None:
        """Set the number of instances that the group should have."""
        with translated(ServiceError):
            self._client.set_desired_capacity(
                AutoScalingGroupName=self._name, DesiredCapacity=instances, HonorCooldown=False
            )

    def launches(self) -> list[Launch]:
        """The launches among the group's latest activities, without those that somebody cancelled.

        They fail for lack of capacity, of quota, or of Spot instances:
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
        """
        with translated(ServiceError):
            answer = self._client.describe_scaling_activities(
                AutoScalingGroupName=self._name, MaxRecords=_RECENT_ACTIVITIES
            )
        found = []
        for activity in answer["Activities"]:
            launch, status = _LAUNCH.match(activity.get("Description", "")), activity["StatusCode"]
            message = activity.get("StatusMessage", "")
            unwanted = status == _CANCELLED and (not message or _BY_REQUEST in message)
            if launch and not unwanted:
                problem = (message or status) if status in (_FAILED, _CANCELLED) else None
                found.append(Launch(activity["StartTime"].astimezone(UTC), launch[1], problem))
        return found

    def terminate(self, ec2_id: str, *, replace: bool = False) -> None:
        """Terminate an instance, and unless another is to take its place, lower the group's desired
        capacity by one.

        Neither the group's minimum nor scale-in protection prevents this call: the caller must make
        sure that nothing needs the instance.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
        """
        with translated(ServiceError):
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=ec2_id, ShouldDecrementDesiredCapacity=not replace
            )

    def end_draining(self, ec2_id: str) -> None:
        """End an instance that drains now: ECS can't stop the tasks of a lost agent, and would wait
        for them for up to two days.
        """
        with translated(ServiceError):
            self._client.complete_lifecycle_action(
                AutoScalingGroupName=self._name,
                LifecycleHookName=_DRAINING_HOOK,
                InstanceId=ec2_id,
                LifecycleActionResult="CONTINUE",
            )
