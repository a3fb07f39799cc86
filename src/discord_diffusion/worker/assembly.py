"""Puts the parts of a worker together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from discord_diffusion.worker.checks import utc_now
from discord_diffusion.worker.deliver import Delivery
from discord_diffusion.worker.draw import Drawing
from discord_diffusion.worker.generation import Generator
from discord_diffusion.worker.held_jobs import Holdings
from discord_diffusion.worker.loop import Loop
from discord_diffusion.worker.metrics import Metrics
from discord_diffusion.worker.outcomes import Endings, LeaseTerms
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.prepare import Intake
from discord_diffusion.worker.protection import Protection
from discord_diffusion.worker.publisher import Publisher
from discord_diffusion.worker.queue import Queue
from discord_diffusion.worker.records import Records
from discord_diffusion.worker.source_images import Sources
from discord_diffusion.worker.telemetry import PaceTable, Report
from discord_diffusion.worker.tracing import NoTracer, Tracer
from discord_diffusion.worker.watchdog import Watch


@dataclass
class Surroundings:
    """What a worker works with and does not make itself."""

    queue: Queue
    generator: Generator
    publisher: Publisher
    sources: Sources
    terms: LeaseTerms
    stop_timeout_seconds: float
    records: Records = field(default_factory=lambda: Records(None))
    pace_table: PaceTable | None = None
    protection: Protection = field(default_factory=lambda: Protection(None))
    metrics: Metrics = field(default_factory=lambda: Metrics(None))
    tracer: Tracer = field(default_factory=NoTracer)
    beat: Callable[[str], None] = lambda _state: None
    """Is told the worker's state every second: polling or working."""
    end_process: Callable[[], None] = lambda: None
    """Ends a process whose pipeline hangs, when all has been given back."""
    now: Callable[[], datetime] = utc_now


class Worker:
    """A loop with all that it needs; `start` begins what goes on beside it."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        pace = Pace()
        self._report = Report(
            around.metrics,
            around.tracer,
            pace,
            around.pace_table,
            gpu_memory=around.generator.peak_memory,
        )
        self.holdings = Holdings(around.protection)
        endings = Endings(
            around.queue,
            around.publisher,
            around.records,
            around.terms,
            self._report.failed,
            around.now,
        )
        self._watch = Watch(self.holdings, endings, self._beat, self._hang)
        intake = Intake(
            around.queue,
            around.generator,
            around.publisher,
            around.records,
            around.sources,
            endings,
            self._watch.overdue,
            around.now,
        )
        self.delivery = Delivery(
            around.publisher,
            endings,
            self.holdings,
            on_answered=self._report.answered,
            now=around.now,
        )
        drawing = Drawing(
            around.generator,
            self.holdings,
            pace,
            self.delivery.submit,
            on_step=self._watch.stepped,
            on_batch=self._report.drew,
            now=around.now,
        )
        self.loop = Loop(
            around.queue,
            intake,
            self.holdings,
            drawing,
            self.delivery,
            endings,
            pace,
            stop_timeout_seconds=around.stop_timeout_seconds,
        )

    def start(self) -> None:
        """Say that the worker is well, and protect its task, from now on."""
        self._around.protection.start()
        self._watch.start()

    def _beat(self, state: str) -> None:
        self._around.beat(state)
        self._report.publish_pace()

    def _hang(self) -> None:
        self.loop.give_back()
        self._around.end_process()
