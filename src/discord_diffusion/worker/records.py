"""The job table as the worker uses it: what it says is used, what it cannot say stops nothing.

The user's message stays the last word on whether a job was answered; the table saves looking there,
and knows of jobs that were cancelled or refused.
"""

import logging
from typing import Any, Protocol

from discord_diffusion.aws.errors import StoreError, UnknownJobError
from discord_diffusion.jobs.record import JobStatus

log = logging.getLogger(__name__)


class Table(Protocol):
    """`aws.job_store.JobStore` is one; methods raise `StoreError`."""

    def begin(self, job_id: str) -> JobStatus:
        """Say that the job is drawn, unless it is finished; the status before."""

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        """Give the job its last status; False when it has one."""


class Records:
    """Asks and tells the table, if there is one; never raises."""

    def __init__(self, table: Table | None) -> None:
        self._table = table

    def begin(self, job_id: str) -> JobStatus | None:
        """What had become of the job; None where that is not known."""
        if not self._table:
            return None
        try:
            return self._table.begin(job_id)
        except UnknownJobError:
            log.warning("The job is not in the table")
        except StoreError as error:
            log.warning("The table does not say what became of the job", extra=_reason(error))
        return None

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> None:
        """Note what has become of the job."""
        if not self._table:
            return
        kept: dict[str, Any] = {**details}
        try:
            if not self._table.finish(job_id, status, **kept):
                log.info("The job had ended before", extra={"status": status})
        except StoreError as error:
            log.warning("The table does not know of the end", extra=_reason(error))


def _reason(error: StoreError) -> dict[str, str]:
    return {"reason": str(error) or type(error).__name__}
