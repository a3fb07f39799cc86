"""Settings of the Lambda functions `backlog`, `waiting` and `dead_letters`.

Those of `interactions` are a module of their own, so that a cold start loads no others.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from discord_diffusion.fleet.instance_hours import HourCap
from discord_diffusion.fleet.starts import StartLimits
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.logs import LogOptions
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
AUTO_SCALING_GROUP = "AUTO_SCALING_GROUP"
"""Name of the Auto Scaling group of the fleet's instances."""
JOIN_SECONDS = "JOIN_SECONDS"
"""Time in which an instance must join the cluster; one that has not is ended."""
FAILED_STARTS = "FAILED_STARTS"
"""Failed starts in a row after which the fleet pauses."""
RETRY_PAUSE_SECONDS = "RETRY_PAUSE_SECONDS"
"""Length of the first pause; each further one is twice as long."""
INSTANCE_HOURS_PER_DAY = "INSTANCE_HOURS_PER_DAY"
"""Hours of all instances in a day after which the fleet sleeps; 0 is no cap."""
INSTANCE_HOURS_PER_MONTH = "INSTANCE_HOURS_PER_MONTH"
"""The same in a month."""

_HOURS = (0.0, 1_000_000.0)


@dataclass(frozen=True)
class BacklogSettings(Settings):
    """The settings of the Lambda function `backlog`."""

    queue_url: str
    jobs_table: str
    ecs_cluster: str
    ecs_service: str
    auto_scaling_group: str
    metric_namespace: str
    fleet: FleetSettings
    start_limits: StartLimits
    hour_cap: HourCap
    aws_region: str | None
    log: LogOptions

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            ecs_cluster=read.required(ECS_CLUSTER, str, ""),
            ecs_service=read.required(ECS_SERVICE, str, ""),
            auto_scaling_group=read.required(AUTO_SCALING_GROUP, str, ""),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            fleet=read_fleet(read),
            start_limits=StartLimits(
                failures=read.integer(FAILED_STARTS, 5, (1, 10)),
                join=timedelta(seconds=read.number(JOIN_SECONDS, 600.0, (1.0, 3600.0))),
                first_pause=timedelta(
                    seconds=read.number(RETRY_PAUSE_SECONDS, 600.0, (1.0, 7200.0))
                ),
            ),
            hour_cap=HourCap(
                day=read.number(INSTANCE_HOURS_PER_DAY, 0.0, _HOURS),
                month=read.number(INSTANCE_HOURS_PER_MONTH, 0.0, _HOURS),
            ),
            aws_region=read.region(),
            log=read.log_options(),
        )


@dataclass(frozen=True)
class WaitingSettings(Settings):
    """The settings of the Lambda function `waiting`."""

    queue_url: str
    jobs_table: str
    discord_api_url: str
    fleet: FleetSettings
    aws_region: str | None
    log: LogOptions

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            fleet=read_fleet(read),
            aws_region=read.region(),
            log=read.log_options(),
        )


@dataclass(frozen=True)
class DeadLettersSettings(Settings):
    """The settings of the Lambda function `dead_letters`."""

    jobs_table: str
    discord_api_url: str
    metric_namespace: str
    aws_region: str | None
    log: LogOptions

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            aws_region=read.region(),
            log=read.log_options(),
        )
