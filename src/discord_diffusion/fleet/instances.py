"""Which instances of the fleet can be terminated. Pure."""

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
