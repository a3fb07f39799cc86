"""The job records as the worker uses them: a table that does not answer stops no job.

The user's message stays the proof of whether a job was answered. The record saves looking there,
and tells of jobs that were cancelled or refused.
"""

import logging
from typing import Any

from discord_diffusion.aws.errors import StoreError, UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus

log = logging.getLogger(__name__)


class JobRecords:
    """Reads and writes the job table, if there is one; never raises."""

    def __init__(self, table: JobStore | None) -> None:
        self._table = table

    def begin(self, job_id: str) -> JobStatus | None:
        """Mark the job as being drawn, unless it has ended.

        Returns:
            The status before; None if it is not known.
        """
        if not self._table:
            return None
        try:
            return self._table.begin(job_id)
        except UnknownJobError:
            log.warning("The job has no record")
        except StoreError as error:
            log.warning("The job's record could not be read", extra=_reason(error))
        return None

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> None:
        """Give the job its last status, unless it has one; `details` are kept with it."""
        if not self._table:
            return
        kept: dict[str, Any] = {**details}
        try:
            if not self._table.finish(job_id, status, **kept):
                log.info("The job had ended before", extra={"status": status})
        except StoreError as error:
            log.warning("The job's end could not be recorded", extra=_reason(error))


def _reason(error: StoreError) -> dict[str, str]:
    return {"reason": str(error) or type(error).__name__}
