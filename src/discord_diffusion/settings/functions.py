"""Settings of the Lambda functions `backlog`, `waiting` and `dead_letters`.

Those of `interactions` are a module of their own, so that a cold start loads no others.
"""

from dataclasses import dataclass
from typing import Self

from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.settings.fleet import read_fleet
from discord_diffusion.settings.reader import (
    DISCORD_API,
    DISCORD_API_URL,
    JOBS_TABLE,
    METRIC_NAMESPACE,
    QUEUE_URL,
    Reader,
    Settings,
)

ECS_CLUSTER = "ECS_CLUSTER"
"""Name of the fleet's ECS cluster."""
ECS_SERVICE = "ECS_SERVICE"
"""Name of the workers' ECS service."""


@dataclass(frozen=True)
class BacklogSettings(Settings):
    """The settings of the Lambda function `backlog`."""

    queue_url: str
    jobs_table: str
    ecs_cluster: str
    ecs_service: str
    metric_namespace: str
    fleet: FleetSettings
    aws_region: str | None
    log_level: str

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            ecs_cluster=read.required(ECS_CLUSTER, str, ""),
            ecs_service=read.required(ECS_SERVICE, str, ""),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            fleet=read_fleet(read),
            aws_region=read.region(),
            log_level=read.log_level(),
        )


@dataclass(frozen=True)
class WaitingSettings(Settings):
    """The settings of the Lambda function `waiting`."""

    jobs_table: str
    discord_api_url: str
    fleet: FleetSettings
    aws_region: str | None
    log_level: str

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            fleet=read_fleet(read),
            aws_region=read.region(),
            log_level=read.log_level(),
        )


@dataclass(frozen=True)
class DeadLettersSettings(Settings):
    """The settings of the Lambda function `dead_letters`."""

    jobs_table: str
    discord_api_url: str
    metric_namespace: str
    aws_region: str | None
    log_level: str

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            aws_region=read.region(),
            log_level=read.log_level(),
        )
