"""What becomes known of the work: log lines, metrics, traces, and the pace in the job table."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.worker.checks import utc_now
from discord_diffusion.worker.deliver import Drawn
from discord_diffusion.worker.failures import Outcome
from discord_diffusion.worker.held import Held
from discord_diffusion.worker.metrics import Metrics
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.tracing import Tracer

log = logging.getLogger(__name__)

PACE_INTERVAL_SECONDS = 60.0
"""Between two writes of the pace into the table."""


class PaceTable(Protocol):
    """`aws.fleet_state.FleetStateStore` is one; raises `StoreError`."""

    def learn_pace(self, seconds_per_job: float, at: datetime) -> None:
        """What a batch takes."""


class Report:
    """Told of what happens by the threads it happens in; never raises."""

    def __init__(
        self,
        metrics: Metrics,
        tracer: Tracer,
        pace: Pace,
        table: PaceTable | None,
        *,
        gpu_memory: Callable[[], int | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._tracer = tracer
        self._pace = pace
        self._table = table
        self._gpu_memory = gpu_memory
        self._clock = clock
        self._pace_due_at = clock()

    def answered(self, held: Held, drawn: Drawn) -> None:
        """The user has the pictures."""
        generation = drawn.generation
        seconds = {
            "waited": held.seconds("sent", "received"),
            **asdict(generation.seconds),
            "encode": held.seconds("drawn", "encoded"),
            "publish": held.seconds("sending", "uploaded"),
            "total": held.seconds("received", "uploaded"),
        }
        log.info(
            "Answered",
            extra={
                "pictures": len(generation.pictures),
                "filtered": generation.filtered,
                "bytes": sum(len(file.content) for file in drawn.answer.files),
                "receive_count": held.message.receive_count,
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
            },
        )
        self._metrics.write(
            {
                "JobsAnswered": 1,
                "WaitedSeconds": seconds["waited"],
                "DrawSeconds": generation.seconds.total,
                "EncodeSeconds": seconds["encode"],
                "PublishSeconds": seconds["publish"],
                "JobSeconds": seconds["total"],
                "PicturesFiltered": generation.filtered,
            }
        )
        self._tracer.trace(held)

    def failed(self, held: Held | None, error: Exception, outcome: Outcome) -> None:
        """A job came to nothing, this time or for good; without `held` it was none."""
        self._metrics.write({"Failures": 1}, Kind=type(error).__name__, Outcome=outcome.value)
        if held:
            self._tracer.trace(held, error)

    def drew(self, batch: Sequence[Held], seconds: float) -> None:
        """A batch has been drawn whole."""
        pictures = sum(held.job.parameters.images for held in batch)
        values: dict[str, float] = {
            "BatchSeconds": seconds,
            "BatchJobs": len(batch),
            "BatchPictures": pictures,
            "PicturesPerSecond": pictures / seconds,
        }
        memory = self._gpu_memory()
        if memory is not None:
            values["GpuMemoryBytes"] = memory
        self._metrics.write(values)

    def publish_pace(self) -> None:
        """Let the fleet's arithmetic know what a batch takes here, now and then."""
        seconds = self._pace.seconds_per_batch()
        if not self._table or seconds is None or self._clock() < self._pace_due_at:
            return
        self._pace_due_at = self._clock() + PACE_INTERVAL_SECONDS
        try:
            self._table.learn_pace(seconds, utc_now())
        except StoreError as error:
            log.warning("The pace could not be written", extra={"reason": str(error)})
