"""The worker's dependencies, and how they are made from the settings."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.queue import JobQueue
from discord_diffusion.aws.task_protection import TaskProtection
from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.settings.worker import WorkerSettings
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import LeaseTerms
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.pipeline_types import Generator
from discord_diffusion.worker.protection_thread import ProtectionThread
from discord_diffusion.worker.publisher import Publisher
from discord_diffusion.worker.source_images import SourceImages
from discord_diffusion.worker.telemetry import Telemetry, tracer_to
from discord_diffusion.worker.watchdog import HealthFile

log = logging.getLogger(__name__)


@dataclass
class Dependencies:
    """What a worker works with. The defaults leave an optional dependency out."""

    queue: JobQueue
    generator: Generator
    publisher: Publisher
    source_images: SourceImages
    terms: LeaseTerms
    stop_timeout_seconds: float
    picture_scale: int = 1
    picture_format: str = "png"
    model_notice: str = ""
    records: JobRecordWriter = field(default_factory=lambda: JobRecordWriter(None))
    pace: Pace = field(default_factory=Pace)
    protection: ProtectionThread = field(default_factory=lambda: ProtectionThread(None))
    telemetry: Telemetry = field(default_factory=Telemetry)
    health: HealthFile = field(default_factory=lambda: HealthFile(None))
    end_process: Callable[[], None] = lambda: None
    """Ends the process of a worker whose pipeline hangs, after its jobs were given back."""
    fleet: FleetStateStore | None = None

    @classmethod
    def from_settings(
        cls, settings: WorkerSettings, generator: Generator, end_process: Callable[[], None]
    ) -> "Dependencies":
        """Connect to AWS, Discord and the collector that the settings name."""
        region, agent = settings.aws_region, settings.ecs_agent_uri
        table = Table(settings.jobs_table, region=region) if settings.jobs_table else None
        fleet = FleetStateStore(table) if table else None
        return cls(
            queue=JobQueue(
                settings.queue_url, wait_seconds=settings.receive_wait_seconds, region=region
            ),
            generator=generator,
            publisher=Publisher(WebhookClient(settings.discord_api_url)),
            source_images=SourceImages(settings.discord_cdn_hosts, settings.discord_api_url),
            terms=LeaseTerms(settings.visibility_timeout_seconds, settings.max_receive_count),
            stop_timeout_seconds=settings.stop_timeout_seconds,
            picture_scale=settings.picture_scale,
            picture_format=settings.picture_format,
            model_notice=settings.model_notice or "",
            records=JobRecordWriter(JobStore(table) if table else None),
            pace=Pace(fleet, cost=settings.tariff.cost),
            protection=ProtectionThread(TaskProtection(agent) if agent else None),
            telemetry=Telemetry(settings.metric_namespace, tracer_to(settings.otlp_endpoint)),
            health=HealthFile(Path(settings.health_file) if settings.health_file else None),
            end_process=end_process,
            fleet=fleet,
        )

    def announce_ready(self) -> None:
        """Tell the scaling loop that this worker is ready: ended by a job, its task did start."""
        if self.fleet is None:
            return
        try:
            self.fleet.worker_is_ready(datetime.now(UTC))
        except StoreError as error:
            log.warning("The readiness could not be written", extra={"reason": str(error)})
