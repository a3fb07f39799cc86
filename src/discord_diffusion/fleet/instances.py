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
    """The instances without a task, if no task can come to need them.

    None is spare while a task waits for an instance, is about to be asked for, or runs on an
    instance that drains, because that one's replacement has no task either. How long tasks are kept
    for the next job is up to the scaling policies; an instance is not kept after its task.
    """
    present = list(instances)
    settled = snapshot.wanted <= snapshot.running == snapshot.desired
    if not settled or any(instance.draining and instance.tasks for instance in present):
        return []
    return [instance for instance in present if not instance.tasks]
