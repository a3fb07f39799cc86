"""The ECS cluster of the workers: the tasks of its service, and the EC2 instances below them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated
from discord_diffusion.fleet.instances import ContainerInstance

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import ContainerInstanceStatusType
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

_RECENT_ACTIVITIES = 5
"""The number of a group's latest activities that are read."""
_FAILED = frozenset({"Failed", "Cancelled"})
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html"""
_DESCRIBED_AT_ONCE = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html"""
_UPDATED_AT_ONCE = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html"""


@dataclass(frozen=True)
class ServiceCounts:
    """The tasks that a service should have, and those that run."""

    desired: int
    running: int


class EcsService:
    """One service of one cluster. Each method raises `ServiceError` if AWS refuses."""

    def __init__(self, cluster: str, service: str, *, region: str | None = None) -> None:
        self._cluster = cluster
        self._service = service
        self._region = region
        self._ecs: ECSClient = client("ecs", region=region)

    def counts(self) -> ServiceCounts:
        """The service's counts of tasks."""
        with translated(ServiceError):
            service = self._describe()
        return ServiceCounts(service["desiredCount"], service["runningCount"])

    def launch_failed_at(self, since: datetime) -> datetime | None:
        """When AWS last failed to launch an instance for the service; None if it has since.

        Only launches that began after `since` count. Launches fail for lack of capacity, of quota,
        or of Spot instances:
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
        """
        autoscaling: AutoScalingClient = client("autoscaling", region=self._region)
        newest: datetime | None = None
        failed = False
        for group in self._groups():
            with translated(ServiceError):
                answer = autoscaling.describe_scaling_activities(
                    AutoScalingGroupName=group, MaxRecords=_RECENT_ACTIVITIES
                )
            for activity in answer["Activities"]:
                began = activity["StartTime"].astimezone(UTC)
                if began >= since and (newest is None or began > newest):
                    newest, failed = began, activity["StatusCode"] in _FAILED
        return newest if failed else None

    def _groups(self) -> list[str]:
        """The Auto Scaling groups below the service's capacity providers."""
        with translated(ServiceError):
            service = self._describe()
            strategy = service["capacityProviderStrategy"]
            names = [provider["capacityProvider"] for provider in strategy]
            answer = self._ecs.describe_capacity_providers(capacityProviders=names)
        arns = (
            provider["autoScalingGroupProvider"]["autoScalingGroupArn"]
            for provider in answer["capacityProviders"]
        )
        return [arn.rsplit("autoScalingGroupName/", 1)[-1] for arn in arns]

    def _describe(self) -> "ServiceTypeDef":
        answer = self._ecs.describe_services(cluster=self._cluster, services=[self._service])
        if not answer["services"]:
            raise ServiceError(f"no service {self._service} in cluster {self._cluster}")
        return answer["services"][0]


class ContainerInstances:
    """The instances of one cluster. Each method raises `ServiceError` if AWS refuses."""

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
        """Keep ECS from placing further tasks on the instances."""
        self._set_status("DRAINING", instances)

    def reactivate(self, instances: Iterable[ContainerInstance]) -> None:
        """Let ECS place tasks on the instances again."""
        self._set_status("ACTIVE", instances)

    def terminate(self, instance: ContainerInstance) -> None:
        """Terminate an instance, and lower the desired capacity of its Auto Scaling group by one.

        Neither the group's minimum nor scale-in protection prevents this call: the caller must make
        sure that the instance is empty.
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
        """The number of tasks that are stopping, which `runningTasksCount` omits.

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
