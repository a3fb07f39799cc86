"""Admits a job, or refuses it, within the time that Discord waits for the answer.

In this order: the wait is estimated, a confirmation is scheduled, the record is written, the job
message is sent, and a sleeping fleet is woken. The record and the message must succeed. Without the
others the job is drawn all the same, so their failures are only logged.

A write or a message whose answer is lost may have taken effect. The user is told what can be made
true whatever happened, and the Lambda `waiting` makes it true: docs/decisions/0504.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from discord_diffusion.access.limits import Allowance
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.errors import QueueError, ServiceError, StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.aws.state_machines import StateMachine
from discord_diffusion.discord.layout import Components
from discord_diffusion.fleet.state import FleetSettings, FleetState
from discord_diffusion.fleet.wait_estimate import expected_wait, shortest_wait
from discord_diffusion.fleet.work import Work, WorkAhead
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)

FLEET_STATE_CACHE_SECONDS = 1.0
WAKE_INTERVAL_SECONDS = 10.0
"""A fleet that was woken and is still asleep is woken again after this time."""
DEPTH_WITHIN_SECONDS = 1.0
"""The queue is asked for its depth only within this time after the start of an answer: the calls
that a job needs come after it."""
_NOT_QUEUED = "not queued"


@dataclass
class Admission:
    """Admits the jobs of one deployment. Without `wake` no fleet is woken.

    `deadline` is that of the answer, which the clients share.
    """

    jobs: JobStore
    queue: JobSender
    fleet: FleetStateStore
    wake: StateMachine | None
    confirmations: ConfirmationSchedule
    settings: FleetSettings
    clock: Callable[[], float] = time.monotonic
    deadline: Deadline = field(default_factory=Deadline)
    _state: FleetState | None = None
    _state_expires_at: float = 0.0
    _next_wake_at: float = 0.0

    def admit(
        self,
        job: Job,
        charge: Charge,
        now: datetime,
        left: Allowance | None,
        *,
        own_jobs: int,
    ) -> Components:
        """Admit a job; returns the message that answers, the same for a redelivered interaction.

        `left` is what the user had left just before, `own_jobs` the number of the user's other jobs
        that are not finished.

        Raises:
            Refusal: there is no job, and nothing was charged.
        """
        state = self._fleet_state(self.clock())
        work = self._work_ahead(state, charge.units)
        wait = WaitEstimate(WaitKind.UNKNOWN, work.jobs, None)
        if state:
            own = min(own_jobs, work.jobs)
            ahead = WorkAhead(work.jobs, work.units, own * work.units_per_job)
            wait = expected_wait(state, self.settings, ahead=ahead, units=charge.units, now=now)
            # SQS promises no order between users: certain to come first are the user's own jobs,
            # and one of each other user.
            first = min(work.jobs, own + work.users - bool(own))
            least = replace(ahead, units=first * work.units_per_job)
            shortest = shortest_wait(state, self.settings, ahead=least, units=charge.units, now=now)
            if not shortest.fits(job.expires_at):
                return self._answer_to_hopeless(job, wait, left)
        self.confirmations.schedule(job.id, [job.id])
        earlier = self._write_record(job, charge, wait)
        if earlier and earlier.status.finished:
            return _answer_again(earlier, left)
        # Sent even if there was a record: the function may have died between the two. Only who
        # wrote the record takes it back: the user may have read an answer to another delivery.
        if not self._send(job) and not earlier and self._is_taken_back(job):
            raise Refusal("queue")
        if state and state.is_asleep(now):
            self._wake_fleet()
        if earlier:
            return texts.queued(earlier, earlier.wait or wait, left)
        return texts.queued(
            JobRecord.of(job, units=charge.units), wait, left and left.minus(charge.units)
        )

    def _fleet_state(self, now: float) -> FleetState | None:
        """The fleet's state, kept for a second; None if the table does not answer."""
        if now >= self._state_expires_at:
            self._state_expires_at = now + FLEET_STATE_CACHE_SECONDS
            self._state = None
            try:
                self._state = self.fleet.get()
            except StoreError as error:
                log.warning("The fleet's state could not be read", extra={"reason": str(error)})
        return self._state

    def _work_ahead(self, state: FleetState | None, units: float) -> Work:
        """The unfinished jobs: how many there are from the queue, the rest from the last snapshot.

        Messages of jobs that had ended when that was taken are no work. `units` are those of a job
        where nothing is known.
        """
        messages, snapshot = self._messages(), state.snapshot if state else None
        if not snapshot:
            return Work.usual(messages or 0, units)
        known = snapshot.work
        ended = max(0, snapshot.messages - known.jobs)
        jobs = known.jobs if messages is None else max(0, messages - ended)
        return known.with_jobs(jobs) if known.jobs else Work.usual(jobs, units)

    def _messages(self) -> int | None:
        """The number of messages in the queue; None if it is not known in time."""
        try:
            if self.deadline.elapsed < DEPTH_WITHIN_SECONDS:
                depth = self.queue.depth()
                return depth.visible + depth.in_flight
        except QueueError as error:
            log.warning("The queue's depth could not be read", extra={"reason": str(error)})
        return None

    def _answer_to_hopeless(
        self, job: Job, wait: WaitEstimate, left: Allowance | None
    ) -> Components:
        """Refuse a job that can't be finished in time, unless it was admitted earlier."""
        record = self._record(job)
        if record and not record.status.finished:
            return texts.queued(record, record.wait or wait, left)
        extra = {"job": job.id, "kind": wait.kind, "ahead": wait.ahead}
        log.info("The job is refused: it could not be finished in time", extra=extra)
        raise texts.too_late(wait)

    def _write_record(self, job: Job, charge: Charge, wait: WaitEstimate) -> JobRecord | None:
        """Write the record of a new job; returns the record that was there before, if any.

        Raises:
            Refusal: no job was accepted. If the record was written all the same, it is refused,
                now or by `waiting`, which finds that the user reads a refusal.
        """
        try:
            if self.jobs.accept(job, charge=charge, wait=wait):
                return None
        except StoreError as error:
            extra = {"job": job.id, "reason": str(error)}
            log.error("The job record could not be written", extra=extra)
            # Without a record the job would cost nothing: overloading the table would pay off.
            # The write may have succeeded, or may yet: only its answer was late.
            if self._is_rejected(job):
                raise Refusal("queue") from None
        record = self._record(job)
        if not record:
            raise Refusal("queue")
        return record

    def _is_rejected(self, job: Job) -> bool:
        """Whether a job is refused whose record could not be written; not if it was written."""
        try:
            return self.jobs.reject(job, reason=_NOT_QUEUED)
        except StoreError as error:
            extra = {"job": job.id, "reason": str(error)}
            log.warning("The job could not be rejected", extra=extra)
            return True

    def _record(self, job: Job) -> JobRecord | None:
        try:
            return self.jobs.get(job.id)
        except StoreError as error:
            extra = {"job": job.id, "reason": str(error)}
            log.warning("The job record could not be read", extra=extra)
            return None

    def _send(self, job: Job) -> bool:
        try:
            self.queue.send(job)
        except QueueError as error:
            log.error("The queue refused a job", extra={"job": job.id, "reason": str(error)})
        else:
            log.info("The job is queued", extra={"job": job.id, "images": job.parameters.images})
            return True
        return False

    def _is_taken_back(self, job: Job) -> bool:
        """Whether a job that could not be sent has certainly ended, and is refunded.

        `waiting` notifies its user of the end if another delivery has answered that it is queued.
        Not if its message arrived after all and a worker has begun it. Nor if the table does not
        answer: then `waiting` sends the message, or notifies the user of the end.
        """
        refused, reason = JobStatus.REFUSED, say(job.locale, "failed.before")
        try:
            if not self.jobs.withdraw(job.id, refused, reason=reason, notify_later=True):
                record = self.jobs.get(job.id)
                # The answer to a first attempt that ended it may have been lost.
                if not record or record.status is not refused:
                    return False
        except StoreError as error:
            extra = {"job": job.id, "reason": str(error)}
            log.warning("The job could not be taken back", extra=extra)
            return False
        return True

    def _wake_fleet(self) -> None:
        now = self.clock()
        if not self.wake or self.settings.paused or now < self._next_wake_at:
            return
        try:
            self.wake.start()
        except ServiceError as error:
            # The scaling loop wakes it within a minute.
            log.warning("The fleet was not woken", extra={"reason": str(error)})
        else:
            self._next_wake_at = now + WAKE_INTERVAL_SECONDS
            log.info("The fleet is woken")


def _answer_again(record: JobRecord, left: Allowance | None) -> Components:
    """The answer to an interaction that is redelivered after its job has ended."""
    if record.status is JobStatus.ANSWERED and record.wait:
        return texts.queued(record, record.wait, left)
    raise Refusal("queue")
