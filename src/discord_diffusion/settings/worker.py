"""Settings of the GPU worker."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.settings.pipeline import PipelineSettings
from discord_diffusion.settings.reader import (
    DISCORD_API,
    DISCORD_API_URL,
    JOBS_TABLE,
    METRIC_NAMESPACE,
    QUEUE_URL,
    Reader,
)

MODEL_NOTICE = "MODEL_NOTICE"
"""A sentence shown under every answer, for example what the model cannot draw."""
VISIBILITY_TIMEOUT_SECONDS = "VISIBILITY_TIMEOUT_SECONDS"
"""Length of a lease before it is extended; the queue's own setting."""
MAX_RECEIVE_COUNT = "MAX_RECEIVE_COUNT"
"""Receives before the queue moves a message to the dead-letter queue; the queue's own setting."""
RECEIVE_WAIT_SECONDS = "RECEIVE_WAIT_SECONDS"
"""Long poll."""
PICTURE_SCALE = "PICTURE_SCALE"
"""Whole number by which finished pictures are enlarged for showing."""
HEALTH_FILE = "HEALTH_FILE"
"""File that says that the worker is ready; none if not set."""
STOP_TIMEOUT_SECONDS = "STOP_TIMEOUT_SECONDS"
"""How long a running job may go on after SIGTERM."""
DISCORD_CDN_HOSTS = "DISCORD_CDN_HOSTS"
"""Hosts, parted by commas, that source pictures come from, beside that of Discord's API."""
ECS_AGENT_URI = "ECS_AGENT_URI"
"""The ECS agent beside this container; set by ECS itself."""
OTEL_EXPORTER_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry collector that traces go to, by OTLP over HTTP; none if not set."""

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""https://docs.discord.com/developers/reference#image-formatting"""
_HOST = re.compile(r"[a-z0-9.-]+(:\d+)?")


@dataclass(frozen=True)
class WorkerSettings:
    """What the worker needs."""

    queue_url: str
    aws_region: str | None
    discord_api_url: str
    pipeline: PipelineSettings
    model_notice: str | None
    visibility_timeout_seconds: int
    max_receive_count: int
    receive_wait_seconds: int
    picture_scale: int
    health_file: str | None
    stop_timeout_seconds: int
    log_level: str
    jobs_table: str | None
    discord_cdn_hosts: frozenset[str]
    ecs_agent_uri: str | None
    metric_namespace: str | None
    otlp_endpoint: str | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "WorkerSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = Reader(environ)
        settings = cls(
            queue_url=read.url(QUEUE_URL),
            aws_region=read.region(),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            pipeline=PipelineSettings.read(read),
            model_notice=read.text(MODEL_NOTICE),
            visibility_timeout_seconds=read.integer(VISIBILITY_TIMEOUT_SECONDS, 60, (3, 43_200)),
            max_receive_count=read.integer(MAX_RECEIVE_COUNT, 3, (1, 1000)),
            receive_wait_seconds=read.integer(RECEIVE_WAIT_SECONDS, 20, (0, 20)),
            picture_scale=read.integer(PICTURE_SCALE, 1, (1, 16)),
            health_file=read.text(HEALTH_FILE),
            stop_timeout_seconds=read.integer(STOP_TIMEOUT_SECONDS, 25, (0, 7200)),
            log_level=read.log_level(),
            jobs_table=read.text(JOBS_TABLE),
            discord_cdn_hosts=read.optional(DISCORD_CDN_HOSTS, _hosts, CDN_HOSTS),
            ecs_agent_uri=read.url(ECS_AGENT_URI, "") or None,
            metric_namespace=read.text(METRIC_NAMESPACE),
            otlp_endpoint=read.url(OTEL_EXPORTER_OTLP_ENDPOINT, "") or None,
        )
        read.finish()
        return settings


def _hosts(text: str) -> frozenset[str]:
    hosts = frozenset(host.strip().lower() for host in text.split(","))
    if wrong := sorted(host for host in hosts if not _HOST.fullmatch(host)):
        raise ValueError(f"{wrong[0]!r} is no host; host or host:port is allowed")
    return hosts
