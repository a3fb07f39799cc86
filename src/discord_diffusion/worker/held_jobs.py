"""The jobs that this worker holds, from receipt to end: which to draw next, when to receive more.

The next job is received just in time: at once while the pipeline is free, and shortly before the
end of the batch while it draws. Never are more jobs received than the next batch takes. Otherwise a
job would wait here while an idle worker could draw it.
"""

import math
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from PIL.Image import Image

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.errors import (
    JobExpiredError,
    LeaseLostError,
    MessageDeletedError,
    StoppedByModeratorError,
)
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.pace import TOKEN_MARGIN
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.protection_thread import ProtectionThread

MOST_HELD = 32
"""The most jobs in all. Reached only if Discord takes answers more slowly than they are drawn."""
_GATHER_SECONDS = 0.2
"""How long a free pipeline waits, with a job ready, for others of the same batch."""
_EMPTY_PAUSE_SECONDS = 0.5
"""Pause after an empty poll for more jobs of a batch."""
SLOW_SECONDS = 2.0
"""A job that takes longer to be prepared holds up no other: its file may be made for that."""


class Stage(Enum):
    """The stages of a job, in their order."""

    PREPARING = "preparing"
    """Its record is checked, its source image fetched."""
    READY = "ready"
    DRAWING = "drawing"
    DELIVERING = "delivering"
    """Its pictures are encoded and uploaded, or its failure is handled."""


class Poll(Enum):
    """How long a poll of the queue may wait for a message; the value is in seconds."""

    USUAL = None
    """The worker is idle: it waits as long as the queue's client is set to."""
    SHORT = 1
    """The pipeline is about to be free; later messages are left to idle workers."""
    IMMEDIATE = 0
    """A job is ready to be drawn; another for its batch is taken only if it is in the queue."""


@dataclass(eq=False)
class HeldJob:
    """One leased job. Only the thread that works on its present stage changes it."""

    message: ReceivedMessage
    job: Job
    lease: Lease
    progress: Progress
    last: bool
    """Whether this is the last receive: after it the message becomes a dead letter."""
    batch_key: Hashable = None
    """Equal for jobs that can be drawn together."""
    capacity: int = 1
    """How many pictures like its own fit into one pass."""
    held_since: float = 0.0
    """When it was added to the `HeldJobs`, by their clock."""
    stage: Stage = Stage.PREPARING
    source: Image | None = None
    """The source image."""
    mask: Image | None = None
    """The mask of the source image."""
    wants_sketch: bool = True
    """Whether a sketch may still be shown: none has been."""
    drawn_share: float = 0.0
    """The share of its steps that the pipeline has run."""
    begun: bool = True
    """Whether the table said that it had not ended when it was begun."""
    given_back: bool = False
    """Whether it was released to other workers; this worker does nothing more with it."""
    times: dict[str, float] = field(default_factory=dict)
    """The time of each event, in seconds since the epoch."""

    def mark(self, event: str) -> None:
        """Note the time of an event."""
        self.times[event] = time.time()

    def seconds(self, begin: str, end: str) -> float:
        """Seconds between two events; 0 if one has not happened."""
        return max(0.0, self.times.get(end, 0.0) - self.times.get(begin, self.times.get(end, 0.0)))

    def pictures_drawn(self) -> int:
        """The pictures that the time of its pipeline would have been enough for, rounded up."""
        return math.ceil(self.job.parameters.images * self.drawn_share)

    def check(self, *, leased: bool) -> None:
        """Stop the work on a job that another worker has, or whose token expires.

        On the last receive no other worker answers the job, so the lease does not matter.

        Raises:
            LeaseLostError: the job was given back, or is not `leased` any more.
            MessageDeletedError: the user deleted the message.
            StoppedByModeratorError: a moderator has stopped the job.
            JobExpiredError: the token is about to expire.
        """
        if self.given_back or not (leased or self.last):
            self.progress.stop()
            raise LeaseLostError("another worker has the job, or will have it")
        if self.progress.deleted:
            raise MessageDeletedError("the message was deleted while its job was drawn")
        if self.progress.forbidden:
            raise StoppedByModeratorError("a moderator stopped it while it was drawn")
        if self.job.expires_at - datetime.now(UTC) < TOKEN_MARGIN:
            self.progress.stop()
            raise JobExpiredError("drawing took too long")


@dataclass
class HeldJobs:
    """Shared by the threads that receive, prepare, draw and deliver."""

    protection: ProtectionThread
    gather_seconds: float = _GATHER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _jobs: list[HeldJob] = field(default_factory=list)
    _closed: bool = False
    _gathering: bool = False
    _empty_until: float = float("-inf")
    _draw_ends_at: float = float("-inf")

    def add(self, held: HeldJob) -> None:
        """Add a job that was received.

        A worker that was frozen while it polled may hold it already, by a receive that it saw late.
        """
        self.protection.job_added()
        with self._changed:
            for earlier in self._jobs:
                if earlier.job.id == held.job.id:
                    earlier.lease.supersede()
            held.held_since = self.clock()
            self._jobs.append(held)
            self._gathering = True
            self._empty_until = float("-inf")
            self._changed.notify_all()

    def mark_ready(self, held: HeldJob) -> bool:
        """Let the job be drawn; False if the worker stops, and the job is to be given back."""
        with self._changed:
            if not self._closed:
                held.stage = Stage.READY
            self._changed.notify_all()
            return not self._closed

    def remove(self, held: HeldJob) -> None:
        """Remove a job that this worker has ended; removing it twice is no error."""
        with self._changed:
            if held in self._jobs:
                self._jobs.remove(held)
                self.protection.job_removed()
            self._changed.notify_all()

    def all(self, *stages: Stage) -> list[HeldJob]:
        """The jobs in these stages, in order of receipt; all jobs if none is named."""
        with self._changed:
            return [held for held in self._jobs if not stages or held.stage in stages]

    def close(self) -> list[HeldJob]:
        """Begin no further batch; returns the jobs that were ready, which are not drawn."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self.all(Stage.READY)

    def note_empty_poll(self) -> None:
        """Note that a poll found no job, so that a batch does not wait for more jobs."""
        with self._changed:
            self._gathering = False
            self._empty_until = self.clock() + _EMPTY_PAUSE_SECONDS
            self._changed.notify_all()

    def expect_drawing_for(self, seconds: float) -> None:
        """Note for how many seconds from now the batch will be drawn; 0 when it is drawn."""
        with self._changed:
            self._draw_ends_at = self.clock() + seconds
            self._changed.notify_all()

    def drawing_seconds_left(self) -> float:
        """Seconds until the pipeline is expected to be free."""
        with self._changed:
            return max(0.0, self._draw_ends_at - self.clock())

    def next_batch(self) -> list[HeldJob]:
        """Wait for jobs to draw together, the oldest first; empty once closed."""
        with self._changed:
            since: float | None = None
            while not self._closed:
                batch = _batch(self.all(Stage.READY))
                if batch:
                    since = self.clock() if since is None else since
                    left = since + self.gather_seconds - self.clock()
                    more = self._gathering or self.all(Stage.PREPARING)
                    if not more or left <= 0 or _is_full(batch):
                        for held in batch:
                            held.stage = Stage.DRAWING
                        self._draw_ends_at = float("inf")  # until there is an estimate
                        return batch
                    self._changed.wait(left)
                else:
                    self._changed.wait()
            return []

    def wait_until_next_receive(self, lead_seconds: float, at_most: float) -> Poll | None:
        """Wait until another job should be received; None if that is not the case in time.

        `lead_seconds` is how long before the end of a batch the next job is received; `at_most` is
        how long this call may wait, in seconds.
        """
        give_up_at = self.clock() + at_most
        with self._changed:
            while not self._closed:
                now = self.clock()
                receive_at = self._receive_at(lead_seconds, now)
                if receive_at <= now:
                    if self._draw_ends_at > now:
                        return Poll.SHORT
                    return Poll.IMMEDIATE if self._upcoming(now) else Poll.USUAL
                if now >= give_up_at:
                    break
                self._changed.wait(min(receive_at, give_up_at) - now)
            return None

    def _upcoming(self, now: float) -> list[HeldJob]:
        """The jobs of the next batch: those that are ready, or will be in a moment."""
        return [
            held
            for held in self.all(Stage.PREPARING, Stage.READY)
            if held.stage is Stage.READY or now < held.held_since + SLOW_SECONDS
        ]

    def _receive_at(self, lead_seconds: float, now: float) -> float:
        """When to receive the next job, by the clock; infinity: not before something changes."""
        upcoming = self._upcoming(now)
        if len(self._jobs) >= MOST_HELD or (upcoming and not _has_room(upcoming)):
            if self._gathering:
                self._gathering = False
                self._changed.notify_all()
            preparing = (held for held in upcoming if held.stage is Stage.PREPARING)
            return min((held.held_since + SLOW_SECONDS for held in preparing), default=float("inf"))
        drawn = self._draw_ends_at - lead_seconds if self.all(Stage.DRAWING) else float("-inf")
        return max(drawn, self._empty_until) if upcoming else drawn


def _batch(jobs: list[HeldJob]) -> list[HeldJob]:
    """The first job and those that can be drawn with it, as many as fit."""
    batch: list[HeldJob] = []
    for held in jobs:
        if not batch:
            left = held.capacity
        elif held.batch_key != batch[0].batch_key or held.job.parameters.images > left:
            continue
        batch.append(held)
        left -= held.job.parameters.images
    return batch


def _is_full(batch: list[HeldJob]) -> bool:
    return sum(held.job.parameters.images for held in batch) >= batch[0].capacity


def _has_room(upcoming: list[HeldJob]) -> bool:
    """Whether one more job may fit into the batch of the upcoming jobs."""
    batch = _batch(upcoming)
    return len(batch) == len(upcoming) and not _is_full(batch)
