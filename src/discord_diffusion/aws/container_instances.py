"""The EC2 instances of an ECS cluster: which there are, draining and terminating them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated
from discord_diffusion.fleet.instances import ContainerInstance

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import ContainerInstanceStatusType

_DESCRIBED_AT_ONCE = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html"""
_UPDATED_AT_ONCE = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html"""


class ContainerInstances:
    """The instances of one cluster. Each method raises a `ServiceError` if AWS refuses."""

    def __init__(self, cluster: str, *, region: str | None = None) -> None:
        self._cluster = cluster
        self._region = region
        self._ecs: ECSClient = client("ecs", region=region)

    def in_cluster(self) -> list[ContainerInstance]:
        """All instances in the cluster, draining ones too."""
        with translated(ServiceError):
            return self._described(list(self._arns()))

    def describe(self, instances: Iterable[ContainerInstance]) -> list[ContainerInstance]:
        """The same instances as they are now, without those that are gone."""
        with translated(ServiceError):
            return self._described([instance.arn for instance in instances])

    def drain(self, instances: Iterable[ContainerInstance]) -> None:
        """Let no further task be placed on them."""
        self._set_status("DRAINING", instances)

    def reactivate(self, instances: Iterable[ContainerInstance]) -> None:
        """Let tasks be placed on them again."""
        self._set_status("ACTIVE", instances)

    def terminate(self, instance: ContainerInstance) -> None:
        """Terminate one, and lower the desired capacity of its Auto Scaling group by one.

        Neither the group's minimum nor protection from scale-in prevents this call, so the caller
        has to know that the instance is empty.
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

    def _stopping_tasks(self, instance: str) -> int:
        """Tasks that were told to stop and have not stopped: `runningTasksCount` omits them.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
        """
        arns = self._ecs.list_tasks(
            cluster=self._cluster, containerInstance=instance, desiredStatus="STOPPED"
        )["taskArns"]
        if not arns:
            return 0
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"]
        return sum(task["lastStatus"] != "STOPPED" for task in tasks)

    def _described(self, arns: list[str]) -> list[ContainerInstance]:
        found = []
        for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
            answer = self._ecs.describe_container_instances(
                cluster=self._cluster, containerInstances=arns[start : start + _DESCRIBED_AT_ONCE]
            )
            found += answer["containerInstances"]
        return [
            ContainerInstance(
                arn=instance["containerInstanceArn"],
                ec2_id=instance["ec2InstanceId"],
                draining=instance["status"] == "DRAINING",
                tasks=instance["runningTasksCount"] + instance["pendingTasksCount"]
                or self._stopping_tasks(instance["containerInstanceArn"]),
            )
            for instance in found
        ]

    def _set_status(
        self, status: "ContainerInstanceStatusType", instances: Iterable[ContainerInstance]
    ) -> None:
        arns = [instance.arn for instance in instances]
        for start in range(0, len(arns), _UPDATED_AT_ONCE):
            with translated(ServiceError):
                self._ecs.update_container_instances_state(
                    cluster=self._cluster,
                    containerInstances=arns[start : start + _UPDATED_AT_ONCE],
                    status=status,
                )
