"""Which of a fleet's instances nobody needs. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from discord_diffusion.fleet.state import FleetSnapshot


@dataclass(frozen=True)
class ContainerInstance:
    """An EC2 instance in the cluster. `tasks` counts those that start, run or stop on it."""

    arn: str
    ec2_id: str
    draining: bool
    tasks: int


def spare(
    instances: Iterable[ContainerInstance], snapshot: FleetSnapshot
) -> list[ContainerInstance]:
    """The empty ones, if no task can come to need them.

    None is spare while a task waits for a place, is about to be asked for, or is on an instance
    that drains: that one's replacement is empty, too. How long tasks themselves are kept for the
    next job is the scaling policies' to say; an instance that outlives its task is of use to
    nobody.
    """
    there = list(instances)
    settled = snapshot.wanted <= snapshot.running == snapshot.desired
    if not settled or any(one.draining and one.tasks for one in there):
        return []
    return [one for one in there if not one.tasks]
