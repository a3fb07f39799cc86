"""The instances of an ECS cluster: which there are, and how one is let go."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated
from discord_diffusion.fleet.instances import ContainerInstance

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import ContainerInstanceStatusType

_DESCRIBED = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html"""
_CHANGED = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html"""


class ContainerInstances:
    """The instances of one cluster. Each method raises a `ServiceError` if AWS refuses."""

    def __init__(self, cluster: str, *, region: str | None = None) -> None:
        self._cluster = cluster
        self._region = region
        self._ecs: ECSClient = client("ecs", region=region)

    def all(self) -> list[ContainerInstance]:
        """Those that are in the cluster, draining ones too."""
        with translated(ServiceError):
            return self._described(list(self._arns()))

    def again(self, instances: Iterable[ContainerInstance]) -> list[ContainerInstance]:
        """The same as they are now, but for those that are gone."""
        with translated(ServiceError):
            return self._described([one.arn for one in instances])

    def drain(self, instances: Iterable[ContainerInstance]) -> None:
        """Let no further task be placed on them."""
        self._become("DRAINING", instances)

    def take_back(self, instances: Iterable[ContainerInstance]) -> None:
        """Let tasks be placed on them again."""
        self._become("ACTIVE", instances)

    def terminate(self, instance: ContainerInstance) -> None:
        """End one, and let its Auto Scaling group want one less.

        Neither the group's minimum nor protection from scale-in stand in the way of this call, so
        the caller has to know that it is empty.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
        """
        autoscaling: AutoScalingClient = client("autoscaling", region=self._region)
        with translated(ServiceError):
            autoscaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance.ec2_id, ShouldDecrementDesiredCapacity=True
            )

    def _arns(self) -> Iterator[str]:
        page = self._ecs.list_container_instances(cluster=self._cluster)
        yield from page["containerInstanceArns"]
        while token := page.get("nextToken"):
            page = self._ecs.list_container_instances(cluster=self._cluster, nextToken=token)
            yield from page["containerInstanceArns"]

    def _stopping(self, instance: str) -> int:
        """Tasks that have been told to stop and have not: `runningTasksCount` leaves them out.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
        """
        arns = self._ecs.list_tasks(
            cluster=self._cluster, containerInstance=instance, desiredStatus="STOPPED"
        )["taskArns"]
        if not arns:
            return 0
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"]
        return sum(one["lastStatus"] != "STOPPED" for one in tasks)

    def _described(self, arns: list[str]) -> list[ContainerInstance]:
        found = []
        for start in range(0, len(arns), _DESCRIBED):
            answer = self._ecs.describe_container_instances(
                cluster=self._cluster, containerInstances=arns[start : start + _DESCRIBED]
            )
            found += answer["containerInstances"]
        return [
            ContainerInstance(
                arn=one["containerInstanceArn"],
                ec2_id=one["ec2InstanceId"],
                draining=one["status"] == "DRAINING",
                tasks=one["runningTasksCount"] + one["pendingTasksCount"]
                or self._stopping(one["containerInstanceArn"]),
            )
            for one in found
        ]

    def _become(
        self, status: "ContainerInstanceStatusType", instances: Iterable[ContainerInstance]
    ) -> None:
        arns = [one.arn for one in instances]
        for start in range(0, len(arns), _CHANGED):
            with translated(ServiceError):
                self._ecs.update_container_instances_state(
                    cluster=self._cluster,
                    containerInstances=arns[start : start + _CHANGED],
                    status=status,
                )
