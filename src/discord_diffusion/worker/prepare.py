"""The stage *prepare*: checks whether a job is to be drawn, and fetches its source image."""

import logging
import time
from collections import deque
from dataclasses import dataclass, field

from discord_diffusion.discord.errors import ApiError
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker.errors import (
    CancelledBeforeError,
    FailedBeforeError,
    RefusedBeforeError,
)
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.outcomes import JobOutcomes
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.progress import progress_text
from discord_diffusion.worker.publisher import MessageState, Publisher
from discord_diffusion.worker.source_images import SourceImages

log = logging.getLogger(__name__)

_ENDED = frozenset({JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED})


@dataclass
class Preparer:
    """Shared by the threads of its stage."""

    records: JobRecordWriter
    publisher: Publisher
    source_images: SourceImages
    outcomes: JobOutcomes
    pace: Pace
    _seconds: deque[float] = field(default_factory=lambda: deque([0.0], maxlen=8))

    def prepare(self, held: HeldJob, *, to_draw: bool) -> bool:
        """Whether the job is to be answered; if not, it has ended.

        `to_draw`: its pictures are not drawn yet, so there must be time to draw them.

        Raises:
            Exception: the job cannot be answered; `failures` has the rule for the error.
        """
        started = time.monotonic()
        wanted = self._prepare(held, to_draw)
        self._seconds.append(time.monotonic() - started)
        return wanted

    def check_begun(self, held: HeldJob) -> None:
        """Ask the table again about a job if it did not answer when it was begun.

        If it still does not, the job is answered.

        Raises:
            CancelledBeforeError, RefusedBeforeError: it had ended, and was refunded.
        """
        status = None if held.begun else self.records.begin(held.job.id)
        if status is JobStatus.CANCELLED:
            raise CancelledBeforeError("its user was told that it is not drawn")
        if status is JobStatus.REFUSED:
            raise RefusedBeforeError("its user was told that it is not drawn")

    def longest_seconds(self) -> float:
        """The longest time that preparing one of the last jobs took."""
        return max(self._seconds)

    def _prepare(self, held: HeldJob, to_draw: bool) -> bool:
        status = self.records.begin(held.job.id)
        if status in _ENDED:
            log.info("The job ended before", extra={"status": status})
            self.outcomes.discard(held)
            return False
        if status is JobStatus.FAILED:
            raise FailedBeforeError("its user has been notified")
        held.begun = status is not None
        self.pace.check_time_left(held.job, to_draw=to_draw)
        if status is JobStatus.DRAWING and held.message.receive_count == 1:
            self._check_receipt(held)
        begun_before = held.message.receive_count > 1 or status is JobStatus.DRAWING
        if begun_before and self._shows_pictures(held):
            self.outcomes.answered(held)
            return False
        if held.last:
            self._announce_last_try(held)
        if source := held.job.parameters.source:
            held.source = self.source_images.fetch(source.url)
            held.mask = self.source_images.fetch_mask(source.mask) if source.mask else None
        held.mark("ready")
        return True

    def _check_receipt(self, held: HeldJob) -> None:
        """Ask the queue who has a job that was begun, though this is its message's first receive.

        A worker that was frozen while it polled sees the receive late; another has it since.
        """
        held.check(leased=held.lease.is_confirmed())

    def _shows_pictures(self, held: HeldJob) -> bool:
        """Whether the user has the pictures, from another worker or an earlier receive."""
        state = self.publisher.message_state(held.job)
        if state is MessageState.APOLOGY:
            raise FailedBeforeError("its user has been notified")
        if state is MessageState.PICTURES:
            extra = {"receive_count": held.message.receive_count}
            log.info("The job was answered before", extra=extra)
            self._restore_answer(held)
        return state is MessageState.PICTURES

    def _restore_answer(self, held: HeldJob) -> None:
        try:
            if self.publisher.restore(held.job):
                log.warning("A late progress edit had replaced the answer")
        except ApiError as error:
            log.warning("The answer could not be restored", extra={"reason": str(error)})

    def _announce_last_try(self, held: HeldJob) -> None:
        """Announce the last try in the message: the job itself may be what kills workers."""
        try:
            self.publisher.show_progress(held.job, progress_text(held.job, last_try=True))
        except ApiError as error:
            log.warning("The last try could not be announced", extra={"reason": str(error)})
