"""From a message to a job that can be drawn: read, leased, not answered before, source at hand."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker import answer as messages
from discord_diffusion.worker import job_log
from discord_diffusion.worker.checks import TOKEN_MARGIN, check_time, utc_now
from discord_diffusion.worker.errors import FailedBeforeError
from discord_diffusion.worker.generation import Generator
from discord_diffusion.worker.held import Held
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.outcomes import Endings
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import Publisher, Shown
from discord_diffusion.worker.queue import Queue
from discord_diffusion.worker.records import Records
from discord_diffusion.worker.source_images import Sources

log = logging.getLogger(__name__)

_DONE_WITH = frozenset({JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED})


@dataclass(frozen=True)
class Intake:
    """Takes messages in. `overdue` is called when a job's time is over and it has not ended."""

    queue: Queue
    generator: Generator
    publisher: Publisher
    records: Records
    sources: Sources
    endings: Endings
    overdue: Callable[[Held], None]
    now: Callable[[], datetime] = utc_now

    def take(self, message: ReceivedMessage) -> Held:
        """The job in a message, its lease kept from now on.

        Raises:
            InvalidJobError: there is none in it; nothing is kept.
        """
        job = Job.from_json(message.body)
        with job_log.about(job.id):
            log.info("Leased", extra={"receive_count": message.receive_count})
            held = self._hold(message, job)
            held.lease.start()
        held.batch_key = self.generator.batch_key(job.parameters)
        held.capacity = self.generator.capacity(job.parameters)
        held.times["sent"] = message.sent_at
        held.mark("received")
        return held

    def prepare(self, held: Held, seconds: float) -> bool:
        """Whether the job is to be drawn, which will take `seconds` at least; else it has ended.

        Raises:
            Exception: a row of the failure table.
        """
        before = self.records.begin(held.job.id)
        if before in _DONE_WITH:
            log.info("Ended before", extra={"status": before})
            self.endings.drop(held)
            return False
        if before is JobStatus.FAILED:
            raise FailedBeforeError("its user knows")
        check_time(held.job, self.now(), seconds)
        if (held.message.receive_count > 1 or before is JobStatus.DRAWING) and self._shown(held):
            self.endings.answered(held)
            return False
        if held.last:
            self._announce_last_try(held)
        if held.job.parameters.source:
            held.source = self.sources.fetch(held.job.parameters.source.url)
        held.mark("ready")
        return True

    def _hold(self, message: ReceivedMessage, job: Job) -> Held:
        left = job.expires_at - TOKEN_MARGIN - self.now()
        lease = Lease(
            lambda seconds: self.queue.extend(message.receipt_handle, seconds),
            self.endings.terms.visibility_seconds,
            life_seconds=left.total_seconds(),
            on_overdue=lambda: self.overdue(held),
        )
        progress = Progress(
            # A worker that was stopped for a while must not write over another one's answer.
            lambda text, sketch: (
                self.publisher.show_progress(job, text, sketch) if lease.current else None
            )
        )
        held = Held(message, job, lease, progress, self.endings.is_last(message))
        return held

    def _shown(self, held: Held) -> bool:
        """Whether the user has the pictures."""
        shown = self.publisher.shown(held.job)
        if shown is Shown.FAILURE:
            raise FailedBeforeError("its user knows")
        if shown is Shown.PICTURES:
            log.info("Answered before", extra={"receive_count": held.message.receive_count})
        return shown is Shown.PICTURES

    def _announce_last_try(self, held: Held) -> None:
        """Of a last try its user knows before it can kill the worker."""
        try:
            self.publisher.show_progress(held.job, messages.working(held.job, last_try=True))
        except ApiError as error:
            log.warning("The last try could not be announced", extra={"reason": str(error)})
