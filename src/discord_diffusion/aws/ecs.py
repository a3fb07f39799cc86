"""The ECS cluster of the workers: the tasks of its service, and the EC2 instances below them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated
from discord_diffusion.fleet.instances import ContainerInstance
from discord_diffusion.fleet.starts import PROVEN_AFTER, FailedStart

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import ContainerInstanceStatusType
    from mypy_boto3_ecs.type_defs import ContainerInstanceTypeDef, ServiceTypeDef, TaskTypeDef

_KILLED = frozenset({0, 137, 143})
"""Exit codes that tell nothing of a start: by itself, by SIGKILL (memory, or a lost instance), by
SIGTERM."""
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
        self._ecs: ECSClient = client("ecs", region=region)

    def counts(self) -> ServiceCounts:
        """The service's counts of tasks."""
        with translated(ServiceError):
            service = self._describe()
        return ServiceCounts(service["desiredCount"], service["runningCount"])

    def set_desired(self, tasks: int) -> None:
        """Set the number of tasks that the service should have. ECS stops no protected task."""
        with translated(ServiceError):
            self._ecs.update_service(
                cluster=self._cluster, service=self._service, desiredCount=tasks
            )

    def _describe(self) -> "ServiceTypeDef":
        answer = self._ecs.describe_services(cluster=self._cluster, services=[self._service])
        if not answer["services"]:
            raise ServiceError(f"no service {self._service} in cluster {self._cluster}")
        return answer["services"][0]


class ContainerInstances:
    """The instances of one cluster. Each method raises `ServiceError` if AWS refuses."""

    def __init__(self, cluster: str, *, region: str | None = None) -> None:
        self._cluster = cluster
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

    def _arns(self) -> Iterator[str]:
        page = self._ecs.list_container_instances(cluster=self._cluster)
        yield from page["containerInstanceArns"]
        while token := page.get("nextToken"):
            page = self._ecs.list_container_instances(cluster=self._cluster, nextToken=token)
            yield from page["containerInstanceArns"]

    def _ended_tasks(self, instance: str) -> "list[TaskTypeDef]":
        """The tasks that end or have ended on an instance; ECS knows them for an hour."""
        arns = self._ecs.list_tasks(
            cluster=self._cluster, containerInstance=instance, desiredStatus="STOPPED"
        )["taskArns"]
        if not arns:
            return []
        return self._ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"]

    def _instance(self, found: "ContainerInstanceTypeDef") -> ContainerInstance:
        """An instance with its tasks; `runningTasksCount` omits those that are stopping.

        ECS replaces a task that ended by itself at once: its replacement may run at each look.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
        """
        placed = found["runningTasksCount"] + found["pendingTasksCount"]
        ended = self._ended_tasks(found["containerInstanceArn"])
        return ContainerInstance(
            arn=found["containerInstanceArn"],
            ec2_id=found["ec2InstanceId"],
            draining=found["status"] == "DRAINING",
            tasks=placed or sum(task["lastStatus"] != "STOPPED" for task in ended),
            running=found["runningTasksCount"],
            connected=found["agentConnected"],
            failed_starts=tuple(one for task in ended if (one := _failed_start(task))),
        )

    def _described(self, arns: list[str]) -> list[ContainerInstance]:
        found = []
        for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
            answer = self._ecs.describe_container_instances(
                cluster=self._cluster, containerInstances=arns[start : start + _DESCRIBED_AT_ONCE]
            )
            found += answer["containerInstances"]
        return [self._instance(instance) for instance in found]

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


def _failed_start(task: "TaskTypeDef") -> FailedStart | None:
    """A task that ended as it started; None if it did not.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    stopped = task.get("stoppedAt")
    if stopped is None:
        return None
    code, started = task.get("stopCode"), task.get("startedAt")
    exits = {container.get("exitCode") for container in task.get("containers", [])} - {None}
    died = code == "EssentialContainerExited" and bool(exits - _KILLED)
    if code == "TaskFailedToStart" or (died and not started):
        return FailedStart(stopped.astimezone(UTC))
    if died and started and stopped - started < PROVEN_AFTER:
        return FailedStart(stopped.astimezone(UTC), started.astimezone(UTC))
    return None
