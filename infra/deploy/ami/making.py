"""From a deployed worker image to an AMI, and on from wherever an earlier run stopped."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from infra.deploy.ami import images
from infra.deploy.ami.builder import Builder, Patience, Progress, builders, terminate
from infra.deploy.ami.images import Ami
from infra.deploy.ami.site import Recipe
from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError, StoppedError

Step = Callable[[str], AbstractContextManager[Progress]]
"""Shows that something runs, and how far it is."""


@dataclass(frozen=True)
class Making:
    """Makes the AMI of one recipe, and leaves no builder behind."""

    aws: Aws
    recipe: Recipe
    step: Step
    patience: Patience = field(default_factory=Patience)

    def found(self) -> Ami | None:
        """The AMI, if it is there or on its way."""
        known = images.find(self.aws, self.recipe.site.prefix)
        return next((ami for ami in known if ami.name == self.recipe.name), None)

    def make(self) -> str:
        """The AMI's id, once instances can start from it.

        Raises:
            AmiError: it could not be made; its builder is gone.
            StoppedError: somebody interrupted it; the builder goes on, and stops by itself.
        """
        ami = self.found()
        if ami is not None and ami.state not in ("pending", "available"):
            images.remove(self.aws, ami)
            ami = None
        try:
            made = ami.id if ami else self._pull_and_create()
            with self.step("Wait until the AMI is available") as tell:
                images.wait(self.aws, made, self.patience, tell)
        except KeyboardInterrupt as error:
            raise StoppedError from error
        except DeployError:
            self._remove_builders()
            raise
        self._remove_builders()
        return made

    def _pull_and_create(self) -> str:
        builder = Builder(self.aws, self.recipe, self.patience)
        instance = builder.find()
        if instance is None:
            self._remove_builders()
            with self.step("Start the builder"):
                instance = builder.start()
        with self.step("Wait until the builder has pulled the image and stopped") as tell:
            builder.wait(instance, tell)
        with self.step("Make an AMI of its disk"):
            return images.create(self.aws, self.recipe, instance)

    def _remove_builders(self) -> None:
        remove_builders(self.aws, self.recipe.site.prefix, self.step)


def remove_builders(aws: Aws, prefix: str, step: Step) -> None:
    """Remove every builder of a deployment, if there is one."""
    found = [str(one["InstanceId"]) for one in builders(aws, prefix)]
    if found:
        with step("Remove the builder"):
            terminate(aws, found)


def remove_everything(aws: Aws, prefix: str, step: Step) -> None:
    """Remove a deployment's builder and AMIs: nothing can start from them any more."""
    remove_builders(aws, prefix, step)
    for ami in images.find(aws, prefix):
        with step(f"Remove the AMI {ami.id} and its snapshots"):
            images.remove(aws, ami)
