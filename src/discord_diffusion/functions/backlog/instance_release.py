"""Lets go of instances that nobody needs, long before a capacity provider would.

Decided in docs/decisions/0403.
"""

import logging
from dataclasses import dataclass

from discord_diffusion.aws.container_instances import ContainerInstances
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.fleet.instances import ContainerInstance, spare
from discord_diffusion.fleet.state import FleetSnapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Releasing:
    """Ends empty instances of one cluster, and never one with a task on it."""

    instances: ContainerInstances

    def release(self, look: FleetSnapshot) -> int:
        """End what is spare; how many instances without a task there are still.

        What AWS refuses is logged and tried again after the next look.
        """
        try:
            there = self.instances.all()
        except ServiceError as error:
            log.warning("ECS does not say which instances there are", extra=_why(error))
            return 0
        free = spare(there, look)
        released = self._end(free) if free else 0
        return sum(not one.tasks for one in there) - released

    def _end(self, free: list[ContainerInstance]) -> int:
        """End those that are still empty once nothing can be placed on them; how many."""
        try:
            self.instances.drain(one for one in free if not one.draining)
            now = self.instances.again(free)
            self.instances.take_back(one for one in now if one.tasks)
        except ServiceError as error:
            log.warning("Empty instances could not be drained", extra=_why(error))
            return 0
        return sum(self._terminated(one) for one in now if not one.tasks)

    def _terminated(self, one: ContainerInstance) -> bool:
        try:
            self.instances.terminate(one)
        except ServiceError as error:
            extra = {"instance": one.ec2_id} | _why(error)
            log.warning("An empty instance could not be released", extra=extra)
            return False
        log.info("An empty instance is released", extra={"instance": one.ec2_id})
        return True


def _why(error: ServiceError) -> dict[str, str]:
    return {"reason": str(error)}
