"""The three ways through the steps: deploy, plan and destroy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.capacity.estimate import estimate
from infra.deploy import endpoint, leftovers
from infra.deploy.choices import Choices, Deployment
from infra.deploy.errors import RefusedError
from infra.deploy.plan import Plan
from infra.deploy.preflight import Preflight, Ready, look
from infra.deploy.settings import DeploymentSettings
from infra.deploy.show import Show
from infra.deploy.steps import Steps
from toolchain.layout import Layout

Agree = Callable[[str], bool]
"""Asks a person; what it returns is what they said."""


@dataclass(frozen=True)
class Flow:
    """One command's way through the steps."""

    choices: Choices
    settings: DeploymentSettings
    layout: Layout
    show: Show
    agree: Agree

    def preflight(self, *, removal: bool = False) -> Preflight:
        """Look at everything, or at what a removal needs, and show it."""
        with self.show.step("Look at account, region, tools and Discord"):
            found = look(self.choices, self.settings, self.layout, removal=removal)
        self.show.findings(found.findings)
        return found

    def plan(self) -> Plan:
        """Everything up to the first change: preflight, costs, package and plan."""
        ready, steps = self._begin()
        with ready.workspace.locked():
            return self._planned(steps)

    def deploy(self) -> str:
        """Deploy; the address that Discord sends interactions to."""
        ready, steps = self._begin()
        with ready.workspace.locked():
            self._confirm(f"Deploy {ready.deployment.prefix} to {ready.deployment.region}?")
            tag = self._package(steps)
            if self.choices.image is None:
                self._image(steps, tag)
            plan = self._planned_only(steps)
            if plan.changes:
                self._confirm("Carry this plan out?")
            with self.show.step("Apply") as tell:
                outputs = steps.apply(plan, tell)
            return self._connect(ready, steps, outputs)

    def destroy(self) -> tuple[str, ...]:
        """Remove everything; what is left."""
        ready, steps = self._begin_removal()
        deployment = ready.deployment
        with ready.workspace.locked():
            outputs = ready.terraform.outputs()
            if ready.application is not None:
                steps.write_variables()
            ready.workspace.ensure_package()
            self._confirm(f"Remove {deployment.prefix} in {deployment.region} for good?")
            self._leave_discord(ready, steps, outputs)
            self._remove_resources(ready)
            with self.show.step("Remove the kept bot token"):
                ready.tokens.remove()
        return self._report_removal(ready, deployment)

    def _begin(self) -> tuple[Ready, Steps]:
        found = self.preflight()
        if not found.passed or found.ready is None:
            raise RefusedError("Nothing was changed: correct what is marked above first.")
        self._costs(found.ready.deployment)
        return found.ready, Steps(found.ready, self.settings.discord_api_url)

    def _begin_removal(self) -> tuple[Ready, Steps]:
        """As for a deployment; without a bot token only Discord is left as it is."""
        found = self.preflight(removal=True)
        if found.ready is None:
            raise RefusedError("Nothing was removed: correct what is marked above first.")
        return found.ready, Steps(found.ready, self.settings.discord_api_url)

    def _costs(self, deployment: Deployment) -> None:
        first = deployment.instance_types[0]
        found = estimate(
            first, deployment.region, deployment.spot_percentage, deployment.maximum_tasks
        )
        self.show.estimate(found, first, deployment.maximum_tasks)

    def _confirm(self, question: str) -> None:
        if not self.agree(question):
            raise RefusedError("Stopped, as you asked.")

    def _package(self, steps: Steps) -> str:
        with self.show.step("Build the Lambda package"):
            steps.package()
        return steps.write_variables()

    def _image(self, steps: Steps, tag: str) -> None:
        with self.show.step("Make the image's repository") as tell:
            steps.make_repository(tell)
        with self.show.step("Build and push the worker's image") as tell:
            sizes = steps.push_image(tag, tell)
        for line in sizes:
            self.show.line(line)

    def _planned(self, steps: Steps) -> Plan:
        self._package(steps)
        return self._planned_only(steps)

    def _planned_only(self, steps: Steps) -> Plan:
        with self.show.step("Plan") as tell:
            plan = steps.plan(tell)
        self.show.plan(plan)
        return plan

    def _connect(self, ready: Ready, steps: Steps, outputs: dict[str, Any]) -> str:
        url = steps.address(outputs)
        with self.show.step("Keep the bot token in SSM"):
            steps.keep_token()
        with self.show.step("Wait until the endpoint refuses what is not signed"):
            endpoint.refuses_unsigned(url)
        with self.show.step("Register the commands"):
            steps.register_commands()
        with self.show.step("Set the endpoint; Discord sends it a PING and a forgery"):
            steps.set_endpoint(url)
        self._what_next(ready, outputs, url)
        return url

    def _what_next(self, ready: Ready, outputs: dict[str, Any], url: str) -> None:
        application = ready.application.id if ready.application else ""
        self.show.heading("Deployed")
        for line in (
            f"  interactions go to  {url}",
            f"  invite the bot      https://discord.com/oauth2/authorize?client_id={application}"
            "&scope=bot+applications.commands",
            "  then ask            /imagine prompt: a lighthouse at dusk",
            f"  look at it          CloudWatch dashboard {outputs['dashboard_name']}",
            "  change something    run the same command again",
            "  remove it           make destroy-aws",
        ):
            self.show.line(line)

    def _leave_discord(self, ready: Ready, steps: Steps, outputs: dict[str, Any]) -> None:
        if ready.token is None or ready.application is None:
            self.show.line("  Discord is left as it is: there is no valid bot token.")
            return
        own = (steps.address(outputs),) if outputs else ()
        with self.show.step("Take commands and endpoint away from Discord"):
            done = steps.leave_discord(own)
        for line in done:
            self.show.line(f"  removed from {line}")

    def _remove_resources(self, ready: Ready) -> None:
        if not ready.terraform.resources():
            self.show.line("  Terraform's state knows of nothing.")
            return
        path = ready.workspace.plan("removal")
        with self.show.step("Plan the removal") as tell:
            plan = ready.terraform.plan(path, "-destroy", progress=tell)
        with self.show.step(f"Remove {plan.count('delete')} resources") as tell:
            ready.terraform.apply(path, plan.steps, tell)
        path.unlink(missing_ok=True)

    def _report_removal(self, ready: Ready, deployment: Deployment) -> tuple[str, ...]:
        with self.show.step("Look for what is left"):
            left = leftovers.look(ready.aws, deployment)
        self.show.heading("Left" if left.found else "Nothing of it is left at AWS")
        listed = left.listed and (
            f"AWS's list of tags still names {len(left.listed)}. It is late; what is on it "
            "tomorrow, too, is there:",
            *(f"  {one}" for one in left.listed),
        )
        states = self.choices.backend_file
        kept = (f"In the bucket that {states} names: the state, now empty.",) if states else ()
        for line in (*left.found, *listed, *left.unknown, *kept, *leftovers.BY_DESIGN):
            self.show.line(f"  {line}")
        if not left.found:
            ready.workspace.remove()
        return left.found
