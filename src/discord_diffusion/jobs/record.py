"""What is kept of a job beside its message: its record, and which status follows which. Pure.

queued ─▶ drawing ─▶ answered
   └────────┴──────▶ failed | refused | cancelled     finished: nothing follows
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from discord_diffusion.jobs.job import (
    TOKEN_LIFETIME,
    Job,
    snowflake_time,
)
from discord_diffusion.jobs.parameters import GenerationParameters

KEPT = timedelta(days=7)
"""How long a record is kept, for the buttons under an answer."""


ANSWER_MARGIN = timedelta(seconds=15)
"""Left of a token when its job is drawn: for the upload, and for an estimate that was too short."""


class JobStatus(StrEnum):
    """What has become of a job."""

    QUEUED = "queued"
    DRAWING = "drawing"
    ANSWERED = "answered"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more will be done."""
        return self not in (JobStatus.QUEUED, JobStatus.DRAWING)


class WaitKind(StrEnum):
    """What a job waits for."""

    TURN = "turn"
    """Other jobs, while workers run."""
    ASLEEP = "asleep"
    """A fleet that is woken for it."""
    STARTING = "starting"
    """Workers that are starting."""
    NO_CAPACITY = "no-capacity"
    """An instance that AWS could not give yet."""
    UNKNOWN = "unknown"
    """Workers that the scaling loop does not move."""


@dataclass(frozen=True)
class WaitEstimate:
    """What a user is told of a wait: its cause, the jobs before this one, and when it is over.

    `due` is None where nobody knows.
    """

    kind: WaitKind
    ahead: int
    due: datetime | None

    def fits(self, expires_at: datetime) -> bool:
        """Whether a job that is drawn by `due` can still be answered before its token expires."""
        return self.due is None or self.due + ANSWER_MARGIN <= expires_at


@dataclass(frozen=True)
class JobRecord:
    """One job as the table knows it.

    `units` is what it cost its user. `token` is the credential of the answer, None once its user
    knows the end; it is left out of `repr`. `wait` is what the user was last told of the wait, at
    `notified_at`. `details` is what whoever finished it found worth keeping.
    """

    id: str
    status: JobStatus
    application_id: str
    user_id: str
    locale: str
    parameters: GenerationParameters
    channel_id: str | None = None
    guild_id: str | None = None
    private: bool = False
    spoiler: bool = False
    units: int = 0
    token: str | None = field(default=None, repr=False)
    wait: WaitEstimate | None = None
    notified_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, job: Job, *, units: int = 0, wait: WaitEstimate | None = None) -> "JobRecord":
        """The record of a job that is accepted now."""
        return cls(
            id=job.id,
            status=JobStatus.QUEUED,
            application_id=job.application_id,
            user_id=job.user_id,
            locale=job.locale,
            parameters=job.parameters,
            channel_id=job.channel_id,
            guild_id=job.guild_id,
            private=job.private,
            spoiler=job.spoiler,
            units=units,
            token=job.token,
            wait=wait,
        )

    @property
    def created_at(self) -> datetime:
        """When Discord made the interaction."""
        return snowflake_time(self.id)

    @property
    def expires_at(self) -> datetime:
        """From when on nobody can be told anything."""
        return self.created_at + TOKEN_LIFETIME
