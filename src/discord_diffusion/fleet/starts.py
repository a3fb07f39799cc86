"""Failed starts: how many in a row, and for how long the fleet pauses after too many. Pure.

A start fails if its instance never joins the cluster or loses its agent, if Auto Scaling can't
launch it for another reason than a shortage, or if its task fails as it starts. A task whose worker
became ready has started: a job may have ended it. After `failures` in a row no task is started for
a pause. Then one start is tried; if it fails, too, the next pause is twice as long.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LONGEST_PAUSE = timedelta(hours=2)
PROVEN_AFTER = timedelta(seconds=120)
"""A task that ends by itself sooner after its start has failed as it started. The fleet works again
once a worker was ready or has drawn since the last failure, or all wanted tasks have run for this
long."""


@dataclass(frozen=True)
class FailedStart:
    """A task that ended as it started, as far as ECS knows.

    `began` is when its process started; None if that could not be started.
    """

    ended: datetime
    began: datetime | None = None

    def has_failed(self, ready_at: datetime | None) -> bool:
        """Whether no worker became ready since it began. Of several only the last is known."""
        return not (self.began and ready_at and ready_at >= self.began)


@dataclass(frozen=True)
class StartLimits:
    """`join` is the time in which an instance must join the cluster, and find its agent again."""

    failures: int = 5
    join: timedelta = timedelta(seconds=600)
    first_pause: timedelta = timedelta(seconds=600)


@dataclass(frozen=True)
class StartHistory:
    """The failed starts since the last one that worked.

    `failed_at` is the time of the newest one, up to which failures are counted; it outlives a
    success. `works_since` is when all wanted tasks were first found to run after it.
    """

    failures: int = 0
    pauses: int = 0
    paused_until: datetime | None = None
    failed_at: datetime | None = None
    works_since: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether no task is started now."""
        return self.paused_until is not None and now < self.paused_until

    def on_trial(self, limits: StartLimits) -> bool:
        """Whether the next start is a trial: so many failed that no other one is made beside it."""
        return self.failures >= limits.failures

    def is_new(self, at: datetime) -> bool:
        """Whether a failure at that time is not counted yet."""
        return self.failed_at is None or at > self.failed_at

    def after_failures(
        self, times: list[datetime], limits: StartLimits, now: datetime
    ) -> "StartHistory":
        """With further failures, which begin a pause if they are too many."""
        if not times:
            return self
        failed = replace(
            self,
            failures=self.failures + len(times),
            failed_at=max([*times, *([self.failed_at] if self.failed_at else [])]),
            works_since=None,
        )
        if not failed.on_trial(limits) or self.is_paused(now):
            return failed
        pause = min(limits.first_pause * 2 ** min(self.pauses, 16), LONGEST_PAUSE)
        return replace(failed, pauses=self.pauses + 1, paused_until=now + pause)

    def after_look(
        self, now: datetime, *, works: bool, worked_at: datetime | None = None
    ) -> "StartHistory":
        """With what a look found: whether all wanted tasks run, and when a worker last was ready or
        drew."""
        if self.failures and worked_at and self.is_new(worked_at):
            return StartHistory(failed_at=self.failed_at)
        # In a pause no more are wanted than run.
        if not self.failures or not works or self.is_paused(now):
            return replace(self, works_since=None)
        if self.works_since is None:
            return replace(self, works_since=now)
        if now - self.works_since < PROVEN_AFTER:
            return self
        return StartHistory(failed_at=self.failed_at)
