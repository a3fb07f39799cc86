"""Which instances of the fleet can be terminated. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.fleet.starts import FailedStart
from discord_diffusion.fleet.state import FleetSnapshot


@dataclass(frozen=True)
class ContainerInstance:
    """An EC2 instance in the cluster. `tasks` counts those that start, run or stop on it.

    `running` counts those that run. `connected`: its agent talks to ECS. `failed_starts` are the
    tasks that ended on it as they started.
    """

    arn: str
    ec2_id: str
    draining: bool
    tasks: int
    running: int = 0
    connected: bool = True
    failed_starts: tuple[FailedStart, ...] = ()


@dataclass(frozen=True)
class GroupInstance:
    """An EC2 instance of the Auto Scaling group.

    `leaving`: it is being terminated. `drains`: that waits until its tasks have stopped.
    """

    ec2_id: str
    leaving: bool
    drains: bool = False


@dataclass(frozen=True)
class GroupState:
    """The Auto Scaling group: the instances that it has, and how many it is to have."""

    desired: int
    instances: tuple[GroupInstance, ...]

    @property
    def missing(self) -> int:
        """The instances that it goes on trying to launch."""
        return max(0, self.desired - sum(not instance.leaving for instance in self.instances))


@dataclass(frozen=True)
class Launch:
    """A launch that Auto Scaling tried; `problem` is its message if it failed.

    `instance` is None if there is none.
    """

    began: datetime
    instance: str | None
    problem: str | None

    @property
    def is_short_of_capacity(self) -> bool:
        """Whether it failed because AWS had no instance just then, and a later one may succeed.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
        """
        return bool(self.problem and _SHORTAGE.search(self.problem))


_SHORTAGE = re.compile(
    r"sufficient capacity|no Spot capacity|capacity-not-available|InsufficientInstanceCapacity"
    r"|MaxSpotInstanceCountExceeded|UnfulfillableCapacity|price is too low|Server\.SpotInstance",
    re.IGNORECASE,
)


def launch_failed_at(launches: Iterable[Launch], since: datetime) -> datetime | None:
    """When the last launch since then failed; None if it did not, or if there was none."""
    recent = [launch for launch in launches if launch.began >= since]
    newest = max(recent, key=lambda launch: launch.began, default=None)
    return newest.began if newest and newest.problem else None


def launch_times(launches: Iterable[Launch]) -> Mapping[str, datetime]:
    """When instances were launched, by their ids."""
    return {launch.instance: launch.began for launch in launches if launch.instance}


def spare_instances(
    instances: Iterable[ContainerInstance], snapshot: FleetSnapshot
) -> list[ContainerInstance]:
    """The instances without a task, unless a task may need them soon.

    No instance is spare while a task waits for an instance, is about to be requested, or runs on a
    draining instance, whose replacement has no task yet. The scaling policies decide how long tasks
    are kept for the next job; an instance is not kept after its task.
    """
    present = list(instances)
    settled = snapshot.wanted <= snapshot.running == snapshot.desired
    if not settled or any(instance.draining and instance.tasks for instance in present):
        return []
    return [instance for instance in present if not instance.tasks]
