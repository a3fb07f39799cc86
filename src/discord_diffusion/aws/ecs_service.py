"""The workers' ECS service: how many tasks it has, and why it has none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

_LOOKED_AT = 5
"""Activities of a group; the newest says how things are."""
_FAILED = frozenset({"Failed", "Cancelled"})
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html"""


@dataclass(frozen=True)
class ServiceCounts:
    """Tasks that a service has been told to have, and those of them that run."""

    desired: int
    running: int


class EcsService:
    """One service of one cluster."""

    def __init__(self, cluster: str, service: str, *, region: str | None = None) -> None:
        self._cluster = cluster
        self._service = service
        self._region = region
        self._ecs: ECSClient = client("ecs", region=region)

    def counts(self) -> ServiceCounts:
        """How many tasks there are.

        Raises:
            ServiceError: ECS did not say.
        """
        with translated(ServiceError):
            found = self._describe()
        return ServiceCounts(found["desiredCount"], found["runningCount"])

    def launch_failed_at(self, since: datetime) -> datetime | None:
        """When AWS last had no instance for the service; None if it had one after that.

        Only what began after `since` counts. What fails is described in
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html: no
        capacity, no quota left, no Spot instance.

        Raises:
            ServiceError: ECS or Auto Scaling did not say.
        """
        autoscaling: AutoScalingClient = client("autoscaling", region=self._region)
        newest: datetime | None = None
        failed = False
        for group in self._groups():
            with translated(ServiceError):
                answer = autoscaling.describe_scaling_activities(
                    AutoScalingGroupName=group, MaxRecords=_LOOKED_AT
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
            names = [one["capacityProvider"] for one in service["capacityProviderStrategy"]]
            answer = self._ecs.describe_capacity_providers(capacityProviders=names)
        arns = (
            one["autoScalingGroupProvider"]["autoScalingGroupArn"]
            for one in answer["capacityProviders"]
        )
        return [arn.rsplit("autoScalingGroupName/", 1)[-1] for arn in arns]

    def _describe(self) -> "ServiceTypeDef":
        answer = self._ecs.describe_services(cluster=self._cluster, services=[self._service])
        if not answer["services"]:
            raise ServiceError(f"no service {self._service} in cluster {self._cluster}")
        return answer["services"][0]
