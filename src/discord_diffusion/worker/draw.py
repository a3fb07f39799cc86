"""The stage *draw*: one call of the pipeline for all jobs of a batch, each checked by itself."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from discord_diffusion.worker import job_log
from discord_diffusion.worker.errors import DeviceLostError, GenerationError, WorkerError
from discord_diffusion.worker.held_jobs import HeldJob, HeldJobs
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    Generator,
    Preview,
)
from discord_diffusion.worker.progress import progress_text
from discord_diffusion.worker.telemetry import Telemetry
from discord_diffusion.worker.watchdog import Watchdog

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

Deliver = Callable[[HeldJob, Generation | Exception], None]
"""Takes the pictures of one job, or the reason why there are none; returns at once."""

_SILENT_SECONDS = 2.0
"""A batch that is expected to take less time than this shows no progress until it has passed."""
_SKETCH_SECONDS = 4.0
"""A job shows a sketch if more than this time is left in the second half of its steps."""


class _BatchAbandonedError(Exception):
    """Every job of the batch ended before its pictures were drawn."""


@dataclass
class _Batch:
    """Jobs that are drawn together; `active` are those that have not ended meanwhile."""

    jobs: list[HeldJob]
    active: list[HeldJob]
    deliver: Deliver
    started: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        return time.perf_counter() - self.started


@dataclass
class BatchDrawer:
    """Runs the pipeline, one batch at a time. The error of a job is delivered, never raised."""

    generator: Generator
    held_jobs: HeldJobs
    pace: Pace
    watchdog: Watchdog
    telemetry: Telemetry
    _decode_seconds: float = 0.0

    def draw(self, jobs: Sequence[HeldJob], deliver: Deliver) -> None:
        """Draw the jobs of a batch and call `deliver` once for each.

        A job whose lease is lost or whose token expires meanwhile is delivered at once, with its
        error; the others go on.

        Raises:
            DeviceLostError: no job of the batch was delivered, and none can be drawn any more.
        """
        active = [held for held in jobs if self._begin(held, deliver)]
        batch = _Batch(list(active), active, deliver)
        try:
            results = self._generate(batch) if active else []
        finally:
            self.held_jobs.expect_drawing_for(0.0)
        self._learn(batch, results)
        for held, result in zip(batch.jobs, results, strict=True):
            if held in active:
                held.mark("drawn")
                deliver(held, result)

    def _begin(self, held: HeldJob, deliver: Deliver) -> bool:
        """Whether the job, which has waited for its batch, can still be answered in time."""
        with job_log.about(held.job.id):
            try:
                held.check(leased=not held.lease.lost)
                self.pace.check_time_left(held.job)
            except WorkerError as error:
                deliver(held, error)
                return False
            pictures = held.job.parameters.images
            log.info("The drawing of the job begins", extra={"pictures": pictures})
        held.mark("drawing")
        return True

    def _generate(self, batch: _Batch) -> Sequence[Generation | Exception]:
        expected = self.pace.expected(held.job.parameters for held in batch.jobs)
        self._announce(batch.jobs, expected)
        self.held_jobs.expect_drawing_for(float("inf") if expected is None else expected)
        try:
            return self.generator.generate(
                [
                    GenerationRequest(
                        held.job.parameters, held.job.safety_check, held.source, held.mask
                    )
                    for held in batch.jobs
                ],
                lambda done, steps, preview: self._after_step(batch, done, steps, preview),
            )
        except _BatchAbandonedError as error:
            return [error] * len(batch.jobs)
        except DeviceLostError:
            raise
        except Exception as error:  # noqa: BLE001 - a library's error ends the batch, not the worker
            log.error("The pipeline failed", extra={"error": type(error).__name__})
            return [GenerationError(f"{type(error).__name__}: {error}")] * len(batch.jobs)

    def _announce(self, jobs: Sequence[HeldJob], expected: float | None) -> None:
        """Show that drawing begins; later, if the answer is expected in a moment."""
        soon = expected is not None and expected < _SILENT_SECONDS
        for held in jobs:
            held.progress.start(_SILENT_SECONDS if soon else 0.0)
            held.progress.report(progress_text(held.job, last_try=held.last))

    def _after_step(self, batch: _Batch, done: int, steps: int, preview: Preview | None) -> None:
        """Drop the jobs that have ended; show the progress of the others."""
        self.watchdog.pipeline_stepped()
        left = batch.seconds() / done * (steps - done) + self._decode_seconds
        self.held_jobs.expect_drawing_for(left)
        for held in list(batch.active):
            held.drawn_share = done / steps
            try:
                held.check(leased=not held.lease.lost)
            except WorkerError as error:
                batch.active.remove(held)
                batch.deliver(held, error)
                continue
            sketch = None
            if preview and held.wants_sketch and done * 2 >= steps and left > _SKETCH_SECONDS:
                sketch = _sketch(held, preview, batch.jobs.index(held))
            text = progress_text(held.job, done, steps, last_try=held.last)
            held.progress.report(text, sketch)
        if not batch.active:
            raise _BatchAbandonedError

    def _learn(self, batch: _Batch, results: Sequence[Generation | Exception]) -> None:
        """Learn the pace from a batch whose jobs were all drawn."""
        drawn = [result for result in results if isinstance(result, Generation)]
        if drawn and len(drawn) == len(batch.jobs):
            seconds = batch.seconds()
            self._decode_seconds = drawn[0].seconds.decode
            self.pace.learn((held.job.parameters for held in batch.jobs), seconds)
            self.telemetry.batch_drawn(batch.jobs, seconds, self.generator.peak_memory())


def _sketch(held: HeldJob, preview: Preview, place: int) -> "Image | None":
    """The sketch of the job at a place in the batch; None if there is none, or none yet."""
    try:
        sketch = preview(place)
    except Exception as error:  # noqa: BLE001 - a sketch is never worth a job
        log.warning("The sketch could not be made", extra={"error": type(error).__name__})
        held.wants_sketch = False
        return None
    held.wants_sketch = sketch is None
    return sketch
