"""Terminates instances without a task, long before a capacity provider would.

Decided in docs/decisions/0403.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import ContainerInstances
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.fleet.instances import ContainerInstance, spare_instances
from discord_diffusion.fleet.state import FleetSnapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InstanceRelease:
    """Terminates empty instances of one cluster, and never one with a task on it."""

    instances: ContainerInstances
    group: InstanceGroup

    def release(self, instances: Sequence[ContainerInstance], snapshot: FleetSnapshot) -> int:
        """Terminate spare instances; returns how many instances without a task are left.

        What AWS refuses is logged and tried again after the next snapshot.
        """
        candidates = spare_instances(instances, snapshot)
        terminated = self._drain_and_terminate(candidates) if candidates else 0
        return sum(not instance.tasks for instance in instances) - terminated

    def _drain_and_terminate(self, candidates: list[ContainerInstance]) -> int:
        """Terminate the candidates that are still empty once they drain; returns their number."""
        try:
            self.instances.drain(instance for instance in candidates if not instance.draining)
            drained = self.instances.describe(candidates)
            self.instances.reactivate(instance for instance in drained if instance.tasks)
        except ServiceError as error:
            log.warning("Empty instances could not be drained", extra={"reason": str(error)})
            return 0
        return sum(self._terminate(instance) for instance in drained if not instance.tasks)

    def _terminate(self, instance: ContainerInstance) -> bool:
        extra = {"instance": instance.ec2_id}
        try:
            self.group.terminate(instance.ec2_id)
        except ServiceError as error:
            extra["reason"] = str(error)
            log.warning("An empty instance could not be terminated", extra=extra)
            return False
        log.info("An empty instance is terminated", extra=extra)
        return True
