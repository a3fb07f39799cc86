"""Empty instances are drained, then terminated, or reactivated if a task came in between."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import ContainerInstances
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.fleet.instances import ContainerInstance
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.instance_release import InstanceRelease

QUIET = FleetSnapshot(0, 0, 0, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Cluster:
    """Instances in memory. ECS places a task on `placed` just before it drains."""

    instances: dict[str, ContainerInstance]
    placed: str = ""
    refuses: str = ""
    terminated: list[str] = field(default_factory=list)

    def describe(self, instances: Iterable[ContainerInstance]) -> list[ContainerInstance]:
        return [
            self.instances[instance.arn] for instance in instances if instance.arn in self.instances
        ]

    def drain(self, instances: Iterable[ContainerInstance]) -> None:
        self._check("drain")
        for instance in instances:
            tasks = 1 if instance.arn == self.placed else instance.tasks
            self.instances[instance.arn] = replace(instance, draining=True, tasks=tasks)

    def reactivate(self, instances: Iterable[ContainerInstance]) -> None:
        for instance in instances:
            self.instances[instance.arn] = replace(instance, draining=False)

    def terminate(self, ec2_id: str) -> None:
        arn = ec2_id.removeprefix("i-")
        self._check(arn)
        assert self.instances[arn].draining, "a task could be placed on it"
        self.terminated.append(arn)

    def _check(self, call: str) -> None:
        if call == self.refuses:
            raise ServiceError("AccessDeniedException")


def cluster(*names: str, **changes: str) -> Cluster:
    return Cluster(
        {name: ContainerInstance(name, f"i-{name}", False, 0) for name in names}, **changes
    )


def released(deployed: Cluster) -> int:
    release = InstanceRelease(cast(ContainerInstances, deployed), cast(InstanceGroup, deployed))
    return release.release(list(deployed.instances.values()), QUIET)


def test_empty_instances_are_drained_and_terminated() -> None:
    deployed = cluster("a", "b")
    assert released(deployed) == 0
    assert deployed.terminated == ["a", "b"]


def test_an_instance_that_gets_a_task_while_it_is_drained_is_reactivated() -> None:
    deployed = cluster("a", "b", placed="a")
    released(deployed)
    assert deployed.terminated == ["b"]
    assert deployed.instances["a"].draining is False


def test_an_instance_that_stayed_draining_is_terminated_after_the_next_snapshot() -> None:
    deployed = cluster("a", refuses="a")
    assert released(deployed) == 1, "another snapshot is due soon"
    assert deployed.instances["a"].draining is True
    deployed.refuses = ""
    assert released(deployed) == 0
    assert deployed.terminated == ["a"]


def test_an_error_of_ecs_or_auto_scaling_is_not_raised() -> None:
    assert released(cluster("a", refuses="drain")) == 1
    deployed = cluster("a", "b", refuses="a")
    assert released(deployed) == 1
    assert deployed.terminated == ["b"]
