"""Empty instances are drained, then terminated, or reactivated if a task came in between."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from discord_diffusion.aws.ecs import ContainerInstances
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.fleet.instances import ContainerInstance
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.instance_release import InstanceRelease

QUIET = FleetSnapshot(0, 0, 0, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Cluster:
    """Instances as ECS has them. `placed` gets a task the moment before it drains."""

    there: dict[str, ContainerInstance]
    placed: str = ""
    refuses: str = ""
    terminated: list[str] = field(default_factory=list)

    def in_cluster(self) -> list[ContainerInstance]:
        self._may("in_cluster")
        return list(self.there.values())

    def describe(self, instances: Iterable[ContainerInstance]) -> list[ContainerInstance]:
        return [self.there[one.arn] for one in instances if one.arn in self.there]

    def drain(self, instances: Iterable[ContainerInstance]) -> None:
        self._may("drain")
        for one in instances:
            tasks = 1 if one.arn == self.placed else one.tasks
            self.there[one.arn] = replace(one, draining=True, tasks=tasks)

    def reactivate(self, instances: Iterable[ContainerInstance]) -> None:
        for one in instances:
            self.there[one.arn] = replace(one, draining=False)

    def terminate(self, instance: ContainerInstance) -> None:
        self._may(instance.arn)
        assert self.there[instance.arn].draining, "a task could be placed on it"
        self.terminated.append(instance.arn)

    def _may(self, what: str) -> None:
        if what == self.refuses:
            raise ServiceError("AccessDeniedException")


def cluster(*names: str, **changes: str) -> Cluster:
    return Cluster(
        {name: ContainerInstance(name, f"i-{name}", False, 0) for name in names}, **changes
    )


def released(there: Cluster) -> int:
    return InstanceRelease(cast(ContainerInstances, there)).release(QUIET)


def test_empty_instances_are_drained_and_terminated() -> None:
    there = cluster("a", "b")
    assert released(there) == 0
    assert there.terminated == ["a", "b"]


def test_an_instance_that_gets_a_task_while_it_is_drained_is_reactivated() -> None:
    there = cluster("a", "b", placed="a")
    released(there)
    assert there.terminated == ["b"]
    assert there.there["a"].draining is False


def test_an_instance_that_stayed_draining_is_terminated_after_the_next_snapshot() -> None:
    there = cluster("a", refuses="a")
    assert released(there) == 1, "another snapshot is due soon"
    assert there.there["a"].draining is True
    there.refuses = ""
    assert released(there) == 0
    assert there.terminated == ["a"]


def test_an_error_of_aws_is_never_raised() -> None:
    assert released(cluster("a", refuses="in_cluster")) == 0
    assert released(cluster("a", refuses="drain")) == 1
    there = cluster("a", "b", refuses="a")
    assert released(there) == 1
    assert there.terminated == ["b"]
