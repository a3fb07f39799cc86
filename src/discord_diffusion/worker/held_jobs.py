"""The jobs that this worker has, from receipt to end: what is drawn next, and when to fetch more.

A job is fetched just in time. While the pipeline is free, at once; while it draws, only when the
batch is about to end; never more than the next batch holds, so that a job does not wait here while
an idle worker could have it.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from discord_diffusion.worker.held import Held, Stage

MOST_HELD = 32
"""Jobs in all. Reached only while Discord takes answers more slowly than they are drawn."""
_SHORT_POLL_SECONDS = 1
"""While the pipeline draws: what arrives later is for whoever is idle."""
_GATHER_SECONDS = 0.2
"""How long a free pipeline waits, with a job ready, for others of the same batch."""
_EMPTY_PAUSE_SECONDS = 0.5
"""Between two polls that look for more jobs of a batch."""
NOTHING_TO_FETCH = -1
_UPCOMING = (Stage.PREPARING, Stage.READY)


class Guard(Protocol):
    """Is told of each job held; `Protection` is one."""

    def hold(self) -> None:
        """One more."""

    def let_go(self) -> None:
        """One less."""


class Holdings:
    """Shared by the threads that receive, prepare, draw and deliver."""

    def __init__(
        self,
        guard: Guard,
        *,
        gather_seconds: float = _GATHER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._gather_seconds = gather_seconds
        self._clock = clock
        self._changed = threading.Condition()
        self._held: list[Held] = []
        self._closed = False
        self._gathering = False
        self._empty_until = float("-inf")
        self._draw_ends_at = float("-inf")

    def add(self, held: Held) -> None:
        """A job was received."""
        self._guard.hold()
        with self._changed:
            self._held.append(held)
            self._gathering = True
            self._empty_until = float("-inf")
            self._changed.notify_all()

    def make_ready(self, held: Held) -> bool:
        """A job can be drawn; False when the worker stops and it should be given back."""
        with self._changed:
            if not self._closed:
                held.stage = Stage.READY
            self._changed.notify_all()
            return not self._closed

    def end(self, held: Held) -> None:
        """A job has ended here. Ending it twice is no error."""
        with self._changed:
            if held in self._held:
                self._held.remove(held)
                self._guard.let_go()
            self._changed.notify_all()

    def all(self, *stages: Stage) -> list[Held]:
        """The jobs in these stages, in order of receipt; all jobs where none is named."""
        with self._changed:
            return [one for one in self._held if not stages or one.stage in stages]

    def close(self) -> list[Held]:
        """Begin no further batch; the jobs that were ready, which are not drawn any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._in(Stage.READY)

    def found_none(self) -> None:
        """A poll came back empty: those who wait for more wait no longer."""
        with self._changed:
            self._gathering = False
            self._empty_until = self._clock() + _EMPTY_PAUSE_SECONDS
            self._changed.notify_all()

    def drawing_for(self, seconds: float) -> None:
        """The batch is expected to be drawn for so long from now; 0 when it has been."""
        with self._changed:
            self._draw_ends_at = self._clock() + seconds
            self._changed.notify_all()

    def drawing_left(self) -> float:
        """Seconds until the pipeline is expected to be free."""
        with self._changed:
            return max(0.0, self._draw_ends_at - self._clock())

    def next_batch(self) -> list[Held]:
        """Wait for jobs to draw together, the oldest first; empty once closed."""
        with self._changed:
            since: float | None = None
            while not self._closed:
                batch = _batch(self._in(Stage.READY))
                if batch:
                    since = self._clock() if since is None else since
                    left = since + self._gather_seconds - self._clock()
                    more = self._gathering or self._in(Stage.PREPARING)
                    if not more or left <= 0 or _is_full(batch):
                        for held in batch:
                            held.stage = Stage.DRAWING
                        self._draw_ends_at = float("inf")  # until somebody knows better
                        return batch
                    self._changed.wait(left)
                else:
                    self._changed.wait()
            return []

    def wait_to_receive(self, lead_seconds: float, longest: float) -> int | None:
        """Wait until a job should be fetched; how long to poll at most, None for the usual.

        `lead_seconds` is how long before the end of a batch the next one is to be fetched. Returns
        after `longest` seconds at the latest, with `NOTHING_TO_FETCH` if that is so.
        """
        give_up = self._clock() + longest
        with self._changed:
            while not self._closed:
                now = self._clock()
                due = self._receive_at(lead_seconds)
                if due <= now:
                    return self._poll_seconds(now)
                if now >= give_up:
                    break
                self._changed.wait(min(due, give_up) - now)
            return NOTHING_TO_FETCH

    def _receive_at(self, lead_seconds: float) -> float:
        """From when on to fetch; infinity: not before something changes."""
        upcoming = self._in(*_UPCOMING)
        if len(self._held) >= MOST_HELD or (upcoming and not self._has_room(upcoming)):
            if self._gathering:
                self._gathering = False
                self._changed.notify_all()
            return float("inf")
        drawn = self._draw_ends_at - lead_seconds if self._in(Stage.DRAWING) else float("-inf")
        return max(drawn, self._empty_until) if upcoming else drawn

    def _poll_seconds(self, now: float) -> int | None:
        if self._draw_ends_at > now:
            return _SHORT_POLL_SECONDS
        return 0 if self._in(*_UPCOMING) else None

    def _has_room(self, upcoming: list[Held]) -> bool:
        """Whether one more job may still belong to the next batch."""
        batch = _batch(upcoming)
        return len(batch) == len(upcoming) and not _is_full(batch)

    def _in(self, *stages: Stage) -> list[Held]:
        return [one for one in self._held if one.stage in stages]


def _batch(jobs: list[Held]) -> list[Held]:
    """The first of the jobs and those that can be drawn with it, as many as fit."""
    batch: list[Held] = []
    for held in jobs:
        if not batch:
            left = held.capacity
        elif held.batch_key != batch[0].batch_key or held.job.parameters.images > left:
            continue
        batch.append(held)
        left -= held.job.parameters.images
    return batch


def _is_full(batch: list[Held]) -> bool:
    return sum(held.job.parameters.images for held in batch) >= batch[0].capacity
