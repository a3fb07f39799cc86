"""The ways through the steps of an AMI: make, list, remove."""

from dataclasses import dataclass

from infra.deploy.ami import costs, images
from infra.deploy.ami.making import Making, remove_builders
from infra.deploy.ami.site import Recipe, Site, newest_base
from infra.deploy.errors import RefusedError
from infra.deploy.flows import Flow
from infra.deploy.preflight import Ready

KEEP = 2
"""AMIs that are left: the new one, and the one before it to go back to."""


@dataclass(frozen=True)
class AmiFlow:
    """The commands about AMIs of one deployment."""

    flow: Flow

    def make(self, keep: int = KEEP) -> str:
        """Make the AMI of what is deployed, and remove older ones; its id."""
        ready, site = self._site()
        with self.flow.show.step("Look up the newest image of instances"):
            recipe = Recipe(site, newest_base(ready.aws, ready.values["fleet"]["ami"]))
        with ready.workspace.locked():
            making = Making(ready.aws, recipe, self.flow.show.step)
            self._explain(recipe)
            if making.found() is None and not self.flow.agree("Make this AMI?"):
                raise RefusedError("Stopped, as you asked.")
            made = making.make()
            self._remove_older(ready, site, keep, made)
        self._what_next(ready, made)
        return made

    def list(self) -> None:
        """Show the AMIs of the deployment, the newest first."""
        ready, site = self._site()
        used = self._used(ready)
        for ami in images.find(ready.aws, site.prefix):
            mark = "in use" if ami.id in used else ""
            self.flow.show.line(
                f"  {ami.id}  {ami.state:10} {ami.created[:16]}  {ami.worker_image}  {mark}"
            )

    def remove(self) -> None:
        """Remove every AMI of the deployment that is not in use, and a builder if there is one."""
        ready, site = self._site()
        with ready.workspace.locked():
            remove_builders(ready.aws, site.prefix, self.flow.show.step)
            self._remove_older(ready, site, 0, None)

    def _site(self) -> tuple[Ready, Site]:
        found = self.flow.preflight(removal=True)
        if found.ready is None:
            raise RefusedError("Nothing was changed: correct what is marked above first.")
        return found.ready, site_of(found.ready)

    def _explain(self, recipe: Recipe) -> None:
        show = self.flow.show
        show.heading(f"An AMI with {recipe.site.image}")
        show.line(f"  on AWS's image {recipe.base}; what it costs:")
        for line in costs.in_words(recipe.site.volume_gb):
            show.line(line)

    def _remove_older(self, ready: Ready, site: Site, keep: int, made: str | None) -> None:
        known = images.find(ready.aws, site.prefix)
        for ami in images.superseded(known, keep, self._used(ready) | {made}):
            with self.flow.show.step(f"Remove {ami.id} of {ami.created[:10]} and its snapshots"):
                images.remove(ready.aws, ami)

    def _used(self, ready: Ready) -> set[str | None]:
        template = images.in_use(ready.aws, f"{ready.deployment.prefix}-worker")
        return {template, ready.values["fleet"]["ami"]}

    def _what_next(self, ready: Ready, made: str) -> None:
        show = self.flow.show
        show.heading("Made")
        if made in self._used(ready):
            show.line(f"  {made}, which the fleet starts from already")
            return
        show.line(f"  {made}. To start from it, set and deploy:")
        show.line(f'  fleet = {{ ami = "{made}" }}')


def site_of(ready: Ready) -> Site:
    """The site of a deployment.

    Raises:
        RefusedError: nothing is deployed.
    """
    deployment = ready.deployment
    return Site.of(
        ready.terraform.outputs(),
        deployment.prefix,
        int(ready.values["fleet"]["root_volume"]["size_gb"]),
        {
            "Project": deployment.project,
            "Environment": deployment.environment,
        },
    )
