"""The stage *receive*: polls the queue when a job is wanted, and leases the job it receives."""

import logging
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.aws.queue import JobQueue, ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker import job_log
from discord_diffusion.worker.held_jobs import HeldJob, HeldJobs
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import Lease, LeaseTerms
from discord_diffusion.worker.pace import TOKEN_MARGIN
from discord_diffusion.worker.pipeline_types import Generator
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import Publisher
from discord_diffusion.worker.retries import backoff
from discord_diffusion.worker.watchdog import Watchdog

log = logging.getLogger(__name__)

_PAUSE_SECONDS = (0.5, 30.0)
"""After a failed poll: the first pause and the longest."""
_STOP_CHECK_SECONDS = 5.0
"""How often the receiving thread checks, while no job is wanted, whether the worker stops."""
_LEAD_SECONDS = (0.3, 5.0)
"""How long before the end of a batch the next job is received: at least and at most."""


@dataclass
class Receiver:
    """Used by one thread. After a failure it polls again, with growing pauses."""

    queue: JobQueue
    terms: LeaseTerms
    generator: Generator
    publisher: Publisher
    records: JobRecordWriter
    held_jobs: HeldJobs
    watchdog: Watchdog
    _failures: int = 0

    def poll(self, prepare_seconds: float, stopping: threading.Event) -> list[ReceivedMessage]:
        """Wait until a job is wanted, then poll the queue once.

        `prepare_seconds` is how long the next job may take to be prepared; the poll begins that
        much earlier. The pause after a failure ends with `stopping`.
        """
        least, most = _LEAD_SECONDS
        lead = min(most, least + 2 * prepare_seconds)
        poll = self.held_jobs.wait_until_next_receive(lead, _STOP_CHECK_SECONDS)
        if poll is None:
            return []
        try:
            messages = self.queue.receive(wait_seconds=poll.value)
        except QueueError as error:
            self._failures += 1
            pause = random.uniform(*backoff(self._failures, *_PAUSE_SECONDS))  # noqa: S311 - no secret
            log.error(
                "The queue does not answer", extra={"reason": str(error), "pause": round(pause, 1)}
            )
            self.held_jobs.note_empty_poll()
            stopping.wait(pause)
            return []
        self._failures = 0
        if not messages:
            self.held_jobs.note_empty_poll()
        return messages

    def hold(self, message: ReceivedMessage) -> HeldJob:
        """Lease the job in a message; its lease is extended from now on.

        Raises:
            InvalidJobError: the message is no job of this schema; nothing is leased.
        """
        job = Job.from_json(message.body)
        time_left = job.expires_at - TOKEN_MARGIN - datetime.now(UTC)
        with job_log.about(job.id):
            log.info("The job is leased", extra={"receive_count": message.receive_count})
            lease = Lease(
                self.queue,
                message.receipt_handle,
                self.terms.visibility_seconds,
                life_seconds=time_left.total_seconds(),
                on_overdue=lambda: self.watchdog.job_overdue(held),
            )
            progress = Progress(
                # A worker that was frozen for a while must not overwrite another worker's answer.
                lambda text, sketch: (
                    self.publisher.show_progress(job, text, sketch) if lease.current else None
                ),
                is_forbidden=lambda: self.records.has_stop_order(job.id),
            )
            last = self.terms.is_last_receive(message)
            held = HeldJob(message, job, lease, progress, last)
            held.batch_key = self.generator.batch_key(job.parameters)
            held.capacity = self.generator.capacity(job.parameters)
            held.times["sent"] = message.sent_at
            held.mark("received")
            lease.start()  # last: nobody would end it if an error followed
        return held
