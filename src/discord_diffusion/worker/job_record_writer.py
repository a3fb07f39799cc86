"""The job records as the worker uses them: a table that does not answer stops no job.

Whether a job was answered is certain only from the user's message. The record often saves reading
it, and shows which jobs were cancelled or refused.
"""

import logging

from discord_diffusion.aws.errors import StoreError, UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus

log = logging.getLogger(__name__)


class JobRecordWriter:
    """Reads and writes the jobs table, if there is one; never raises."""

    def __init__(self, table: JobStore | None) -> None:
        self._table = table

    def begin(self, job_id: str) -> JobStatus | None:
        """Mark the job as being drawn, unless it has ended.

        Returns:
            The status that it had; None if unknown.
        """
        if not self._table:
            return None
        try:
            return self._table.begin(job_id)
        except UnknownJobError:
            log.warning("The job has no record")
        except StoreError as error:
            log.warning("The job record could not be read", extra={"reason": str(error)})
        return None

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        """Give the job its final status, unless it has one; `details` are kept with it.

        Returns:
            Whether the record has ended; False if that is not known.
        """
        if not self._table:
            return True
        try:
            if not self._table.finish(job_id, status, **details):
                log.info("The job had ended before", extra={"status": status})
        except UnknownJobError:
            log.warning("The job has no record")
        except StoreError as error:
            log.warning("The job record could not be ended", extra={"reason": str(error)})
            return False
        return True

    def has_stop_order(self, job_id: str) -> bool:
        """Whether a moderator has stopped the job; False if that is not known."""
        if not self._table:
            return False
        try:
            return self._table.has_stop_order(job_id)
        except StoreError as error:
            log.warning("The job record could not be read", extra={"reason": str(error)})
            return False
