"""A job that this worker has: its message, its lease, and how far it has come."""

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum

from PIL.Image import Image

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.progress import Progress


class Stage(Enum):
    """How far a job has come; each follows the one before it."""

    PREPARING = "preparing"
    """Checked against the table, its source picture fetched."""
    READY = "ready"
    DRAWING = "drawing"
    DELIVERING = "delivering"
    """Encoded and uploaded, or its user told of a failure."""


@dataclass(eq=False)
class Held:
    """One leased job. Whoever works on its present stage changes it, nobody else."""

    message: ReceivedMessage
    job: Job
    lease: Lease
    progress: Progress
    last: bool
    """Nobody receives it after us."""
    batch_key: Hashable = None
    """Equal for jobs that can be drawn together."""
    capacity: int = 1
    """How many pictures like its own fit into one pass."""
    stage: Stage = Stage.PREPARING
    source: Image | None = None
    """The picture that the job begins from."""
    wants_sketch: bool = True
    """Whether no preview has been shown."""
    given_back: bool = False
    """Others may have it: no more is to be done about it."""
    times: dict[str, float] = field(default_factory=dict)
    """Seconds since the epoch when something began or ended, by name."""

    def mark(self, name: str) -> None:
        """Note the time of an event."""
        self.times[name] = time.time()

    def seconds(self, begin: str, end: str) -> float:
        """Between two events; 0 where one has not been."""
        return max(0.0, self.times.get(end, 0.0) - self.times.get(begin, self.times.get(end, 0.0)))
