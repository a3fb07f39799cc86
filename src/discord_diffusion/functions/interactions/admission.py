"""Takes a job in, or refuses it, within the time that an answer has.

In this order: what is known of the wait, the record in the table, the message in the queue, the
wake-up of a sleeping fleet. Without what is known or the wake-up a job is drawn all the same, so
what they refuse is logged; the table and the queue must take it.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from discord_diffusion.aws.errors import QueueError, ServiceError, StoreError
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.aws.queue import QueueDepth
from discord_diffusion.discord import text
from discord_diffusion.fleet.state import FleetSettings, FleetState
from discord_diffusion.fleet.wait_estimate import expected_wait, shortest_wait
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.stores import Fleet, Jobs
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind
from discord_diffusion.jobs.refusal import Refusal

log = logging.getLogger(__name__)

CACHED_SECONDS = 1.0
"""How long what is known of the fleet is taken for true."""
WOKEN_SECONDS = 10.0
"""After so long the fleet is woken again, should it still be asleep."""
SPENT_SECONDS = 1.0
"""After so long nothing is done any more that can be left."""
_NOT_QUEUED = "not queued"


class Queue(Protocol):
    """`aws.queue.JobSender` is one; methods raise `QueueError`."""

    def depth(self) -> QueueDepth:
        """How many messages there are."""

    def send(self, job: Job, *, once: bool = False) -> None:
        """Enqueue a job; a second one of the same interaction is dropped."""


class Wake(Protocol):
    """`aws.state_machines.StateMachine` is one; methods raise `ServiceError`."""

    def start(self) -> None:
        """Start an execution and do not wait for it."""


class Admission:
    """Admits the jobs of one deployment."""

    def __init__(
        self, jobs: Jobs, queue: Queue, fleet: Fleet, wake: Wake | None, size: FleetSettings
    ) -> None:
        self._jobs = jobs
        self._queue = queue
        self._fleet = fleet
        self._wake = wake
        self._size = size
        self._state: FleetState | None = None
        self._state_until = self._woken_until = 0.0

    def admit(self, job: Job, charge: Charge, now: datetime) -> str:
        """Take a job in, once: the same interaction gets the same answer, and no second job.

        Raises:
            Refusal: there is no job, and nothing was charged.
        """
        began = time.monotonic()
        state = self._known(began)
        ahead = self._ahead(state, began)
        wait = WaitEstimate(WaitKind.UNKNOWN, ahead, None)
        if state:
            wait = expected_wait(state, self._size, ahead=ahead, now=now)
            shortest = shortest_wait(state, self._size, ahead=ahead, now=now)
            if not shortest.fits(job.expires_at):
                return self._too_late(job, wait)
        known = self._accept(job, charge, wait, began)
        if known and known.status.finished:
            return _ended(known)
        # Sent again in any case: whoever accepted it may have ended before sending it.
        if not self._send(job, once=time.monotonic() - began > SPENT_SECONDS):
            raise Refusal("queue")
        if state and state.is_asleep(now):
            self._wake_up(began)
        return _queued(job, known.wait if known and known.wait else wait)

    def _known(self, began: float) -> FleetState | None:
        """What is known of the fleet, None where the table does not say."""
        if began >= self._state_until:
            self._state_until = began + CACHED_SECONDS
            self._state = None
            try:
                self._state = self._fleet.get()
            except StoreError as error:
                log.warning("The fleet is not known", extra={"reason": str(error)})
        return self._state

    def _ahead(self, state: FleetState | None, began: float) -> int:
        """How many jobs are not finished."""
        try:
            if time.monotonic() - began < SPENT_SECONDS:
                depth = self._queue.depth()
                return depth.visible + depth.in_flight
        except QueueError as error:
            log.warning("The queue's depth is not known", extra={"reason": str(error)})
        return state.snapshot.observation.backlog if state and state.snapshot else 0

    def _too_late(self, job: Job, wait: WaitEstimate) -> str:
        known = self._record(job)
        if known and not known.status.finished:
            return _queued(job, known.wait or wait)
        log.info("Refused", extra={"job": job.id, "kind": wait.kind, "ahead": wait.ahead})
        raise texts.too_late(wait)

    def _accept(
        self, job: Job, charge: Charge, wait: WaitEstimate, began: float
    ) -> JobRecord | None:
        """Write the record of a new job; the record that was there before, if one was."""
        try:
            if self._jobs.accept(job, charge=charge, wait=wait):
                return None
        except StoreError as error:
            log.error("The job has no record", extra={"job": job.id, "reason": str(error)})
            # Drawn all the same it would cost nothing, and some could keep the table busy for that.
            if time.monotonic() - began < SPENT_SECONDS:
                # The record may be there, or still come: only its answer was late.
                self._give_up(job, lambda: self._jobs.reject(job, reason=_NOT_QUEUED))
            raise Refusal("queue") from None
        return self._record(job)

    def _record(self, job: Job) -> JobRecord | None:
        try:
            return self._jobs.get(job.id)
        except StoreError as error:
            log.warning("The record is not known", extra={"job": job.id, "reason": str(error)})
            return None

    def _send(self, job: Job, *, once: bool) -> bool:
        try:
            self._queue.send(job, once=once)
        except QueueError as error:
            log.error("The queue refused a job", extra={"job": job.id, "reason": str(error)})
        else:
            log.info("Queued", extra={"job": job.id, "images": job.parameters.images})
            return True
        # Should the message have arrived after all, the worker sees that it is over.
        self._give_up(job, lambda: self._jobs.finish(job.id, JobStatus.FAILED, reason=_NOT_QUEUED))
        return False

    def _give_up(self, job: Job, end: Callable[[], object]) -> None:
        """End the record: what it cost is given back."""
        try:
            end()
        except StoreError as error:
            # The Lambda `waiting` ends it, and gives back, when the token has run out.
            log.warning("The record stays queued", extra={"job": job.id, "reason": str(error)})

    def _wake_up(self, began: float) -> None:
        now = time.monotonic()
        if not self._wake or self._size.paused or now < self._woken_until:
            return
        if now - began > SPENT_SECONDS:
            log.warning("No time is left to wake the fleet: the scaling loop will")
            return
        try:
            self._wake.start()
        except ServiceError as error:
            log.warning("The fleet was not woken", extra={"reason": str(error)})
        else:
            self._woken_until = now + WOKEN_SECONDS
            log.info("The fleet is woken")


def _queued(job: Job, wait: WaitEstimate) -> str:
    return text.content(texts.queued(job.parameters, wait, job.expires_at, job.locale))


def _ended(record: JobRecord) -> str:
    """The same interaction again, after its job has ended."""
    if record.status is JobStatus.ANSWERED and record.wait:
        return text.content(
            texts.queued(record.parameters, record.wait, record.expires_at, record.locale)
        )
    raise Refusal("queue")
