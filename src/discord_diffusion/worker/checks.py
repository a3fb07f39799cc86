"""Whether work on a job still has a point."""

from datetime import UTC, datetime, timedelta

from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.errors import JobExpiredError, LeaseLostError
from discord_diffusion.worker.held import Held

TOKEN_MARGIN = timedelta(seconds=5)
"""A job with less life than this left cannot be answered in time, but its user can be told."""
_PACE_MARGIN = 1.5
"""By how much a job may take longer than those before it."""


def utc_now() -> datetime:
    """The clock by which tokens run out."""
    return datetime.now(UTC)


def check_time(job: Job, now: datetime, seconds: float) -> None:
    """Refuse what cannot be answered in time, while its user can be told.

    `seconds` is how long the work will take at least.

    Raises:
        JobExpiredError: there is too little time.
    """
    needed = timedelta(seconds=_PACE_MARGIN * seconds)
    if job.expires_at - now < max(TOKEN_MARGIN, needed):
        raise JobExpiredError(
            f"its token runs out at {job.expires_at:%H:%M:%S} UTC, "
            f"drawing takes {needed.total_seconds():.0f} s"
        )


def check_held(held: Held, ours: bool, now: datetime) -> None:
    """Stop where another worker answers, or time is over.

    Raises:
        LeaseLostError: it is not `ours` any more; on the last receive nobody else would answer, so
            there a doubtful lease is no obstacle.
        JobExpiredError: its time is over.
    """
    if held.given_back or not (ours or held.last):
        held.progress.stop()
        raise LeaseLostError("another worker has the job, or will have it")
    if held.job.expires_at - now < TOKEN_MARGIN:
        held.progress.stop()
        raise JobExpiredError("drawing took too long")
