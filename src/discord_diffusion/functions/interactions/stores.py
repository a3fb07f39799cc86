"""What the handlers ask of the table: the jobs, the guilds, the fleet.

Every method raises `StoreError` where the table does not answer.
"""

from datetime import datetime
from typing import Protocol

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Usage
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.fleet.state import FleetState
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate


class Jobs(Protocol):
    """`aws.job_store.JobStore` is one."""

    def accept(
        self, job: Job, *, charge: Charge | None = None, wait: WaitEstimate | None = None
    ) -> bool:
        """Write the record of a new job; False when the job is known already."""

    def reject(self, job: Job, *, reason: str) -> None:
        """End a job of which nobody knows whether it was accepted."""

    def get(self, job_id: str) -> JobRecord | None:
        """The record as it is now."""

    def waiting(self, limit: int) -> list[JobRecord]:
        """The oldest jobs that are not told the end."""

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        """Give a job its last status."""

    def withdraw(
        self, job_id: str, status: JobStatus, *, reason: str, notify_later: bool = False
    ) -> bool:
        """End a job that no worker has begun."""


class Fleet(Protocol):
    """`aws.fleet_state.FleetStateStore` is one."""

    def get(self) -> FleetState:
        """What is known of the fleet."""


class Guilds(Protocol):
    """`aws.guild_store.GuildStore` is one."""

    def settings(self, guild_id: str) -> tuple[GuildSettings, int]:
        """What a guild has decided, and the version of it."""

    def save(self, guild_id: str, settings: GuildSettings, version: int) -> bool:
        """Replace that version; False when there is another by now."""

    def usage(self, user_id: str, guild_id: str | None, now: datetime) -> Usage:
        """What was used today."""

    def audit(
        self,
        event_id: str,
        user_id: str,
        guild_id: str | None,
        action: str,
        now: datetime,
        **what: str | int | None,
    ) -> None:
        """Keep who did what."""
