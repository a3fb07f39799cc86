"""`python -m discord_diffusion.worker`: takes jobs until SIGTERM.

Exit status: 0 stopped, 1 the loop failed, 2 the settings are wrong, 3 the model cannot be loaded,
4 a job hangs; whoever supervises the worker starts a new one.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from discord_diffusion import logs
from discord_diffusion.settings import SettingsError, WorkerSettings
from discord_diffusion.worker import job_log
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.generation import Generator
from discord_diffusion.worker.health import Health
from discord_diffusion.worker.shutdown import Shutdown, exit_now

if TYPE_CHECKING:
    from discord_diffusion.worker.assembly import Worker
    from discord_diffusion.worker.tracing import Tracer

log = logging.getLogger("discord_diffusion.worker")

WRONG_SETTINGS = 2
NO_MODEL = 3
HANGS = 4


def main() -> int:
    """Start, work, stop; the exit status."""
    started = time.perf_counter()
    try:
        settings = WorkerSettings.from_environ()
    except SettingsError as error:
        sys.stderr.write(f"The worker cannot start: {error}\n")
        return WRONG_SETTINGS
    logs.configure(settings.log_level)
    logging.captureWarnings(True)
    job_log.name_jobs_in_logs()
    shutdown = Shutdown(settings.stop_timeout_seconds)
    try:
        generator = _load(settings)
    except ModelLoadError as error:
        log.critical("The model cannot be loaded", extra={"reason": str(error)})
        return NO_MODEL
    shutdown.install()
    return _work(settings, generator, shutdown, started)


def _load(settings: WorkerSettings) -> Generator:
    with _phase("import"):
        from discord_diffusion.worker.pipeline import DiffusersGenerator
    with _phase("load"):
        generator = DiffusersGenerator.load(settings.pipeline)
    with _phase("warm-up"):
        generator.warm_up()
    return generator


def _work(
    settings: WorkerSettings, generator: Generator, shutdown: Shutdown, started: float
) -> int:
    with _phase("connect"):
        worker, tracer = _connect(settings, generator)
    log.info(
        "Ready",
        extra={
            "seconds": round(time.perf_counter() - started, 2),
            "model": generator.model.name,
            "scheduler": generator.model.scheduler,
            "device": generator.model.device,
        },
    )
    worker.start()
    try:
        return shutdown.run(worker.loop)
    finally:
        tracer.close()


def _connect(settings: WorkerSettings, generator: Generator) -> "tuple[Worker, Tracer]":
    from discord_diffusion.aws.dynamodb import Table
    from discord_diffusion.aws.fleet_state import FleetStateStore
    from discord_diffusion.aws.job_store import JobStore
    from discord_diffusion.aws.queue import JobQueue
    from discord_diffusion.aws.task_protection import TaskProtection
    from discord_diffusion.discord.webhooks import WebhookClient
    from discord_diffusion.worker.assembly import Surroundings, Worker
    from discord_diffusion.worker.metrics import Metrics
    from discord_diffusion.worker.outcomes import LeaseTerms
    from discord_diffusion.worker.protection import Protection
    from discord_diffusion.worker.publisher import DiscordPublisher
    from discord_diffusion.worker.records import Records
    from discord_diffusion.worker.source_images import Sources
    from discord_diffusion.worker.tracing import tracer_to

    region, agent = settings.aws_region, settings.ecs_agent_uri
    table = Table(settings.jobs_table, region=region) if settings.jobs_table else None
    tracer = tracer_to(settings.otlp_endpoint)
    surroundings = Surroundings(
        queue=JobQueue(
            settings.queue_url, wait_seconds=settings.receive_wait_seconds, region=region
        ),
        generator=generator,
        publisher=DiscordPublisher(
            WebhookClient(settings.discord_api_url),
            scale=settings.picture_scale,
            notice=settings.model_notice or "",
        ),
        sources=Sources(settings.discord_cdn_hosts, settings.discord_api_url),
        terms=LeaseTerms(settings.visibility_timeout_seconds, settings.max_receive_count),
        stop_timeout_seconds=settings.stop_timeout_seconds,
        records=Records(JobStore(table) if table else None),
        pace_table=FleetStateStore(table) if table else None,
        protection=Protection(TaskProtection(agent) if agent else None),
        metrics=Metrics(settings.metric_namespace),
        tracer=tracer,
        beat=Health(Path(settings.health_file) if settings.health_file else None).beat,
        end_process=lambda: exit_now(HANGS),
    )
    return Worker(surroundings), tracer


@contextmanager
def _phase(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    log.info("Started", extra={"phase": name, "seconds": round(time.perf_counter() - started, 2)})


if __name__ == "__main__":
    exit_now(main())
