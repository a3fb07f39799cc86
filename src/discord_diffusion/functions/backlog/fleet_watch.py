"""Watches the fleet's instances: counts their time, ends those that are lost, releases spare ones.

Decided in docs/decisions/0405.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import ContainerInstances, EcsService
from discord_diffusion.aws.errors import ServiceError, StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.fleet.guard import FleetGuard, Sighting, look
from discord_diffusion.fleet.instance_hours import HourCap
from discord_diffusion.fleet.instances import (
    ContainerInstance,
    GroupInstance,
    GroupState,
    Launch,
    launch_times,
)
from discord_diffusion.fleet.starts import StartLimits
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.instance_release import InstanceRelease

log = logging.getLogger(__name__)

LOOK_AT_REST_MINUTES = 10
"""While nothing is wanted, no instance is known and no start failed, the group is looked at this
seldom."""


@dataclass(frozen=True)
class WatchResult:
    """`guard` is the state after the look; `busy`: another look is due soon.

    `failing` counts the running tasks on instances where a start has failed since the look before:
    they are the replacements that ECS starts at once, and likely to fail, too.
    """

    guard: FleetGuard
    busy: bool
    failing: int = 0


@dataclass(frozen=True)
class FleetWatch:
    """Watches one deployment. What AWS refuses is logged, and tried again at the next look."""

    service: EcsService
    group: InstanceGroup
    cluster: ContainerInstances
    fleet: FleetStateStore
    release: InstanceRelease
    limits: StartLimits
    cap: HourCap

    def watch(
        self, snapshot: FleetSnapshot, guard: FleetGuard, now: datetime, *, due: bool = False
    ) -> WatchResult:
        """Look at the instances if there may be any, or if a look is `due`, and act."""
        wish = due or snapshot.wanted or snapshot.desired or snapshot.running
        trouble = guard.instances or guard.starts.failures
        if not wish and not trouble and now.minute % LOOK_AT_REST_MINUTES:
            return WatchResult(guard, busy=False)
        try:
            group, joined = self.group.state(), self.cluster.in_cluster()
            instances = group.instances
            launches = self._launches(instances, snapshot, guard)
            in_trouble = guard.is_in_trouble(self.limits, now)
            failed = any(_has_new_failure(one, guard) for one in joined)
            drew_at = self.fleet.drew_at() if in_trouble else None
            ready_at = self.fleet.ready_at() if in_trouble or failed else None
        except (ServiceError, StoreError) as error:
            log.warning("The instances could not be read", extra={"reason": str(error)})
            return WatchResult(guard, busy=bool(guard.instances))
        joined = [_with_failed_starts(one, ready_at) for one in joined]
        sighting = _sighting(instances, joined, launches, snapshot)
        sighting = replace(sighting, drew_at=drew_at, ready_at=ready_at)
        found = look(guard, sighting, self.limits, now)
        if found != guard and not self._save(found, now):
            return WatchResult(guard, busy=True)
        _report(guard, found)
        self._end_lost(found, instances, snapshot, now)
        needless = self._end_what_nothing_waits_for(group, joined, snapshot)
        lost = {ec2_id for ec2_id, watched in found.instances.items() if watched.lost}
        kept = [instance for instance in joined if instance.ec2_id not in lost]
        empty = self.release.release(kept, snapshot)
        failing = sum(one.running for one in joined if _has_new_failure(one, guard))
        return WatchResult(found, busy=bool(empty or lost or needless), failing=failing)

    def _launches(
        self, instances: Sequence[GroupInstance], snapshot: FleetSnapshot, guard: FleetGuard
    ) -> list[Launch]:
        """The recent launches, read only if an instance is new or no task runs yet."""
        new = {instance.ec2_id for instance in instances} - guard.instances.keys()
        return self.group.launches() if new or snapshot.starting else []

    def _save(self, guard: FleetGuard, now: datetime) -> bool:
        try:
            return self.fleet.save_guard(guard, guard.stop(self.limits, self.cap, now))
        except StoreError as error:
            log.warning("The state of the instances was not saved", extra={"reason": str(error)})
            return False

    def _end_what_nothing_waits_for(
        self, group: GroupState, joined: Sequence[ContainerInstance], snapshot: FleetSnapshot
    ) -> int:
        """End launches that no task waits for, and instances that start while nothing is wanted.

        ECS lowers the desired capacity of a group that has instances; one that never got any would
        try on, and get an instance for nothing. Returns the number of instances that were ended.
        """
        if not snapshot.wanted <= snapshot.running == snapshot.desired:
            return 0
        known = {instance.ec2_id for instance in joined}
        starting = [one for one in group.instances if one.ec2_id not in known and not one.leaving]
        needless = [] if snapshot.wanted or snapshot.running else starting
        if not (needless or group.missing) or not self._is_still_so(snapshot):
            return 0
        if group.missing:
            self._end_launches(group.desired - group.missing)
        for instance in needless:
            self._end(instance, replaced=False)
        return len(needless)

    def _is_still_so(self, snapshot: FleetSnapshot) -> bool:
        """Whether the desired count is still that of the snapshot.

        A wake-up raises the service first and then the group: one that came since the snapshot, and
        whose launch this look has seen, shows.
        """
        try:
            return self.service.counts().desired == snapshot.desired
        except ServiceError as error:
            log.warning("The service could not be read again", extra={"reason": str(error)})
            return False

    def _end_launches(self, present: int) -> None:
        try:
            self.group.set_desired(present)
        except ServiceError as error:
            log.warning("Launches could not be ended", extra={"reason": str(error)})
        else:
            log.info("Launches are ended that no task waits for", extra={"instances": present})

    def _end_lost(
        self,
        guard: FleetGuard,
        instances: Sequence[GroupInstance],
        snapshot: FleetSnapshot,
        now: datetime,
    ) -> None:
        """End lost instances; another takes the place of one that a task still waits for."""
        waits = snapshot.wanted > snapshot.running and not guard.stop(self.limits, self.cap, now)
        replaced = waits and not guard.starts.on_trial(self.limits)
        for instance in instances:
            if guard.instances[instance.ec2_id].lost:
                self._end(instance, replaced=replaced)

    def _end(self, instance: GroupInstance, *, replaced: bool) -> None:
        extra: dict[str, object] = {"instance": instance.ec2_id, "replaced": replaced}
        try:
            if instance.drains:
                self.group.end_draining(instance.ec2_id)
            elif not instance.leaving:
                self.group.terminate(instance.ec2_id, replace=replaced)
        except ServiceError as error:
            extra["reason"] = str(error)
            log.warning("An instance could not be ended", extra=extra)
        else:
            log.warning("An instance outside the cluster is ended", extra=extra)


def _sighting(
    instances: Sequence[GroupInstance],
    joined: Sequence[ContainerInstance],
    launches: Sequence[Launch],
    snapshot: FleetSnapshot,
) -> Sighting:
    # Auto Scaling remembers launches for weeks: a refusal of yesterday says nothing of this start.
    refused = [
        one.began
        for one in launches
        if one.began >= snapshot.launches_since and one.problem and not one.is_short_of_capacity
    ]
    return Sighting(
        instances=instances,
        connected={instance.ec2_id for instance in joined if instance.connected},
        launched=launch_times(launches),
        failed_starts=[*refused, *(task.ended for one in joined for task in one.failed_starts)],
        works=snapshot.running > 0 and snapshot.running >= snapshot.wanted,
    )


def _with_failed_starts(
    instance: ContainerInstance, ready_at: datetime | None
) -> ContainerInstance:
    """Without the tasks that a job ended: a worker has become ready since they began."""
    failed = tuple(task for task in instance.failed_starts if task.has_failed(ready_at))
    return replace(instance, failed_starts=failed)


def _has_new_failure(instance: ContainerInstance, before: FleetGuard) -> bool:
    return any(before.starts.is_new(task.ended) for task in instance.failed_starts)


def _report(before: FleetGuard, after: FleetGuard) -> None:
    if after.starts.failures > before.starts.failures:
        extra: dict[str, object] = {"failures": after.starts.failures}
        if after.starts.paused_until != before.starts.paused_until:
            extra["paused_until"] = str(after.starts.paused_until)
        log.error("A start has failed", extra=extra)
