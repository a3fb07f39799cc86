"""The record of a job in the table: its status, and the last estimate of its wait. Pure.

queued ─▶ drawing ─▶ answered
   └────────┴──────▶ failed | refused | cancelled     finished: nothing follows
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from discord_diffusion.jobs.job import DEFAULT_ATTACHMENT_SIZE_LIMIT, Expiring, Job
from discord_diffusion.jobs.parameters import GenerationParameters

RECORD_LIFETIME = timedelta(days=7)
"""How long a record is kept, for the buttons under an answer."""

ANSWER_MARGIN = timedelta(seconds=15)
"""Time between the end of the drawing and the end of the token, for the upload and for an estimate
that was too short."""


class JobStatus(StrEnum):
    """The state of a job; the docstring of this module shows their order."""

    QUEUED = "queued"
    DRAWING = "drawing"
    ANSWERED = "answered"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether no other status follows."""
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
    FAILED_STARTS = "failed-starts"
    """A pause after too many failed starts."""
    INSTANCE_HOURS = "instance-hours"
    """The next day or month, for the hours of instances are used up."""
    UNKNOWN = "unknown"
    """Workers that the scaling loop does not control, or what only a newer version knows of."""

    @classmethod
    def _missing_(cls, value: object) -> "WaitKind | None":
        """After a rollback the table may hold kinds of the newer version."""
        return cls.UNKNOWN if isinstance(value, str) else None


@dataclass(frozen=True)
class WaitEstimate:
    """How long a job will wait: the cause, the number of jobs before it, and when it is drawn.

    `due` is None where that cannot be estimated. Where no task may be started it is when one may
    again.
    """

    kind: WaitKind
    ahead: int
    due: datetime | None

    @property
    def is_stopped(self) -> bool:
        """Whether it waits for a fleet that may start no task."""
        return self.kind in (WaitKind.FAILED_STARTS, WaitKind.INSTANCE_HOURS)

    def fits(self, expires_at: datetime) -> bool:
        """Whether a job that is drawn by `due` can still be answered before its token expires."""
        if self.is_stopped:
            return False
        return self.due is None or self.due + ANSWER_MARGIN <= expires_at


@dataclass(frozen=True)
class JobRecord(Expiring):
    """One job as the table has it.

    `units` is what the user was charged. `token` is the credential of the answer, None once the
    user was notified of the job's end; it is left out of `repr`. `wait` is the estimate that the
    user last read, which was sent at `notified_at`. `details` are notes of the program that
    finished the job. `confirmed` says that the user was seen to read that the job is queued; the
    fields of `Job` that are kept with it make its message again. `visited_guild_id` is the guild in
    which the application was a guest.
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
    attachment_size_limit: int = DEFAULT_ATTACHMENT_SIZE_LIMIT
    nsfw: bool = False
    safety_check: bool = True
    traceparent: str | None = None
    confirmed: bool = False
    visited_guild_id: str | None = None

    @classmethod
    def of(
        cls,
        job: Job,
        *,
        units: int = 0,
        wait: WaitEstimate | None = None,
        visited_guild_id: str | None = None,
    ) -> "JobRecord":
        """The record of a job that was just accepted."""
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
            attachment_size_limit=job.attachment_size_limit,
            nsfw=job.nsfw,
            safety_check=job.safety_check,
            traceparent=job.traceparent,
            visited_guild_id=visited_guild_id,
        )

    @property
    def message_link(self) -> str | None:
        """The address of the message with the pictures; None if it is not known, or nobody has it.

        A private answer is gone when its user's client has closed.
        https://docs.discord.com/developers/reference#message-formatting
        """
        message = self.details.get("message")
        if self.private or not self.channel_id or not message:
            return None
        place = self.guild_id or self.visited_guild_id or "@me"
        return f"https://discord.com/channels/{place}/{self.channel_id}/{message}"

    def job(self) -> Job | None:
        """The job as it was sent to the workers; None once its token is removed."""
        if self.token is None:
            return None
        return Job(
            id=self.id,
            application_id=self.application_id,
            token=self.token,
            locale=self.locale,
            user_id=self.user_id,
            parameters=self.parameters,
            channel_id=self.channel_id,
            guild_id=self.guild_id,
            attachment_size_limit=self.attachment_size_limit,
            nsfw=self.nsfw,
            private=self.private,
            spoiler=self.spoiler,
            safety_check=self.safety_check,
            traceparent=self.traceparent,
            units=self.units,
        )
