"""Draws batches: one call of the pipeline for several jobs, each watched by itself."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from discord_diffusion.worker import answer as messages
from discord_diffusion.worker import job_log
from discord_diffusion.worker.checks import check_held, check_time, utc_now
from discord_diffusion.worker.errors import GenerationError, WorkerError
from discord_diffusion.worker.generation import (
    Generation,
    GenerationRequest,
    Generator,
    Preview,
)
from discord_diffusion.worker.held import Held
from discord_diffusion.worker.held_jobs import Holdings
from discord_diffusion.worker.pace import Pace

log = logging.getLogger(__name__)

OnDrawn = Callable[[Held, Generation | Exception], None]
"""Takes what became of one job; returns at once."""
OnBatch = Callable[[Sequence[Held], float], None]
"""Is told the jobs of a batch that was drawn whole, and the seconds it took."""

_SILENT_SECONDS = 2.0
"""Of a job that will be drawn within this, no progress is shown before as much has passed."""
_SKETCH_SECONDS = 4.0
"""A drawing that goes on for this long after its half is worth a sketch."""


class _NobodyWaitsError(WorkerError):
    """Every job of the batch has ended before its pictures were there."""


@dataclass
class _Batch:
    """Jobs that are being drawn; `active` are those of them that somebody still waits for."""

    jobs: list[Held]
    active: list[Held]
    started: float = field(default_factory=time.perf_counter)

    def requests(self) -> list[GenerationRequest]:
        return [
            GenerationRequest(held.job.parameters, held.job.safety_check, held.source)
            for held in self.jobs
        ]

    def seconds(self) -> float:
        return time.perf_counter() - self.started


class Drawing:
    """Runs the pipeline, one batch at a time. Never raises because of a job."""

    def __init__(
        self,
        generator: Generator,
        holdings: Holdings,
        pace: Pace,
        on_drawn: OnDrawn,
        *,
        on_step: Callable[[], None] = lambda: None,
        on_batch: OnBatch = lambda _jobs, _seconds: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._generator = generator
        self._holdings = holdings
        self._pace = pace
        self._on_drawn = on_drawn
        self._on_step = on_step
        self._on_batch = on_batch
        self._now = now
        self._decode_seconds = 0.0

    def draw(self, jobs: Sequence[Held]) -> None:
        """Draw the jobs of a batch, and hand on each with its pictures or its error."""
        active = [held for held in jobs if self._begin(held)]
        batch = _Batch(list(active), active)
        try:
            results = self._generate(batch) if active else []
        finally:
            self._holdings.drawing_for(0.0)
        self._learn(batch, results)
        for held, result in zip(batch.jobs, results, strict=True):
            if held in active:
                held.mark("drawn")
                self._on_drawn(held, result)

    def _begin(self, held: Held) -> bool:
        """Whether there is still time for a job that is about to be drawn."""
        with job_log.about(held.job.id):
            try:
                check_held(held, not held.lease.lost, self._now())
                check_time(held.job, self._now(), self._pace.least(held.job.parameters))
            except WorkerError as error:
                self._on_drawn(held, error)
                return False
            log.info("Drawing", extra={"pictures": held.job.parameters.images})
        held.mark("drawing")
        return True

    def _announce(self, active: Sequence[Held], expected: float | None) -> None:
        """Say that work begins; of what is over in a moment only the answer is said."""
        soon = expected is not None and expected < _SILENT_SECONDS
        for held in active:
            held.progress.start(_SILENT_SECONDS if soon else 0.0)
            held.progress.report(messages.working(held.job, last_try=held.last))

    def _generate(self, batch: _Batch) -> Sequence[Generation | Exception]:
        expected = self._pace.expected(held.job.parameters for held in batch.jobs)
        self._announce(batch.jobs, expected)
        self._holdings.drawing_for(float("inf") if expected is None else expected)
        try:
            return self._generator.generate(
                batch.requests(),
                lambda done, steps, preview: self._stepped(batch, done, steps, preview),
            )
        except _NobodyWaitsError as error:
            return [error] * len(batch.jobs)
        except Exception as error:  # noqa: BLE001 - what a library raises ends a batch, no worker
            log.error("The pipeline failed", extra={"error": type(error).__name__})
            return [GenerationError(f"{type(error).__name__}: {error}")] * len(batch.jobs)

    def _learn(self, batch: _Batch, results: Sequence[Generation | Exception]) -> None:
        """Remember the pace, unless the batch was not drawn whole."""
        made = [one for one in results if isinstance(one, Generation)]
        if made and len(made) == len(batch.jobs):
            self._decode_seconds = made[0].seconds.decode
            self._pace.learn((held.job.parameters for held in batch.jobs), batch.seconds())
            self._on_batch(batch.jobs, batch.seconds())

    def _stepped(self, batch: _Batch, done: int, steps: int, preview: Preview | None) -> None:
        """A step has ended: see who still waits, and tell them."""
        self._on_step()
        left = batch.seconds() / done * (steps - done) + self._decode_seconds
        self._holdings.drawing_for(left)
        for held in list(batch.active):
            try:
                check_held(held, not held.lease.lost, self._now())
            except WorkerError as error:
                batch.active.remove(held)
                self._on_drawn(held, error)
                continue
            sketch = None
            if preview and held.wants_sketch and done * 2 >= steps and left > _SKETCH_SECONDS:
                sketch = preview(batch.jobs.index(held))
                held.wants_sketch = sketch is None
            text = messages.working(held.job, done, steps, last_try=held.last)
            held.progress.report(text, sketch)
        if not batch.active:
            raise _NobodyWaitsError
