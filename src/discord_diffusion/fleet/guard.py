"""What the scaling loop keeps of instances, and which of them it ends. Pure.

Each look compares the instances of the Auto Scaling group with those of the ECS cluster, counts
their time, and finds those that never joined or have lost their agent.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours
from discord_diffusion.fleet.instances import GroupInstance
from discord_diffusion.fleet.starts import StartHistory, StartLimits
from discord_diffusion.fleet.state import Stop
from discord_diffusion.jobs.record import WaitKind


@dataclass(frozen=True)
class WatchedInstance:
    """An instance of the group. Its time is counted up to `counted_until`.

    `absent_since` is since when the cluster has no connected agent of it; `lost` means that it is
    ended for that, and counted as a failed start.
    """

    counted_until: datetime
    absent_since: datetime | None = None
    lost: bool = False


@dataclass(frozen=True)
class FleetGuard:
    """The state between looks. `version` tells whether another look came in between."""

    hours: InstanceHours
    instances: Mapping[str, WatchedInstance] = field(default_factory=dict)
    starts: StartHistory = field(default_factory=StartHistory)
    version: int = 0

    def is_in_trouble(self, limits: StartLimits, now: datetime) -> bool:
        """Whether starts have failed, or an instance has been without an agent for too long."""
        absent = (watched.absent_since for watched in self.instances.values())
        too_long = any(since and now - since >= limits.join for since in absent)
        return bool(self.starts.failures) or too_long

    def stop(self, limits: StartLimits, cap: HourCap, now: datetime) -> Stop | None:
        """Why no task may be started now."""
        if until := self.hours.at(now).capped_until(cap):
            return Stop(WaitKind.INSTANCE_HOURS, until)
        paused_until = self.starts.paused_until
        if paused_until and self.starts.is_paused(now) and self.starts.on_trial(limits):
            return Stop(WaitKind.FAILED_STARTS, paused_until)
        return None

    def allowed_tasks(
        self, limits: StartLimits, cap: HourCap, now: datetime, *, running: int, has_job: bool
    ) -> int | None:
        """The most tasks that may be asked for; None: as many as are wanted.

        In a pause after failed starts running tasks go on. A trial is made for a job alone: a
        message may outlive the refusal of its job.
        """
        stop = self.stop(limits, cap, now)
        if stop:
            return 0 if stop.kind is WaitKind.INSTANCE_HOURS else running
        if self.starts.on_trial(limits):
            return max(running, 1 if has_job else 0)
        return None


@dataclass(frozen=True)
class Sighting:
    """What one look found.

    `connected` are the instances with a connected agent in the cluster, `launched` the launch times
    that Auto Scaling reports, `failed_starts` the times of tasks and launches that failed. `works`:
    all wanted tasks run. `drew_at` is when a worker last drew, and `ready_at` when one last became
    ready, as far as it is known.
    """

    instances: Iterable[GroupInstance]
    connected: Set[str]
    launched: Mapping[str, datetime]
    failed_starts: Iterable[datetime]
    works: bool
    drew_at: datetime | None = None
    ready_at: datetime | None = None

    @property
    def worked_at(self) -> datetime | None:
        """When a worker last showed that starts succeed."""
        return max(filter(None, (self.drew_at, self.ready_at)), default=None)


def look(guard: FleetGuard, found: Sighting, limits: StartLimits, now: datetime) -> FleetGuard:
    """The state after a look. Instances that are to be ended are `lost` in it."""
    hours = guard.hours.at(now)
    instances: dict[str, WatchedInstance] = {}
    lost_now = 0
    for instance in found.instances:
        known = guard.instances.get(instance.ec2_id)
        launched = found.launched.get(instance.ec2_id, now)
        hours = hours.plus(known.counted_until if known else min(launched, now), now)
        absent_since = None
        if not instance.leaving and instance.ec2_id not in found.connected:
            absent_since = (known and known.absent_since) or (now if known else min(launched, now))
        was_lost = known is not None and known.lost
        absent = (
            absent_since is not None
            and now - absent_since >= limits.join
            and not _may_be_drawing(found, absent_since, limits, now)
        )
        lost = absent or (was_lost and instance.leaving)
        lost_now += lost and not was_lost
        instances[instance.ec2_id] = WatchedInstance(now, absent_since, lost)
    for gone in guard.instances.keys() - instances.keys():
        # It ended at some time since the last look; a cap counts the whole of it.
        hours = hours.plus(guard.instances[gone].counted_until, now)
    failed = [at for at in found.failed_starts if guard.starts.is_new(at)]
    starts = guard.starts.after_look(now, works=found.works, worked_at=found.worked_at)
    starts = starts.after_failures([*failed, *[now] * lost_now], limits, now)
    return replace(guard, hours=hours, instances=instances, starts=starts)


def _may_be_drawing(
    found: Sighting, absent_since: datetime, limits: StartLimits, now: datetime
) -> bool:
    """Whether an instance without a connected agent may be the one on which a worker draws.

    Where no agent is connected at all, ECS itself may be out of reach: workers need it only to
    start, and go on. It holds as long as one has drawn lately.
    """
    lately = max(absent_since, now - limits.join)
    return not found.connected and found.drew_at is not None and found.drew_at > lately
