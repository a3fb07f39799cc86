"""Settings of the Lambda `backlog`."""

from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.settings.fleet import read_fleet
from discord_diffusion.settings.reader import JOBS_TABLE, METRIC_NAMESPACE, QUEUE_URL, Reader

ECS_CLUSTER = "ECS_CLUSTER"
"""Name of the fleet's ECS cluster."""
ECS_SERVICE = "ECS_SERVICE"
"""Name of the workers' ECS service."""


@dataclass(frozen=True)
class BacklogSettings:
    """What the Lambda `backlog` needs."""

    queue_url: str
    jobs_table: str
    ecs_cluster: str
    ecs_service: str
    metric_namespace: str
    fleet: FleetSettings
    aws_region: str | None
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "BacklogSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = Reader(environ)
        settings = cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            ecs_cluster=read.required(ECS_CLUSTER, str, ""),
            ecs_service=read.required(ECS_SERVICE, str, ""),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            fleet=read_fleet(read),
            aws_region=read.region(),
            log_level=read.log_level(),
        )
        read.finish()
        return settings
