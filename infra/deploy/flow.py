"""The commands of the deploy step as sequences of steps: deploy, plan, destroy.

Every step may be repeated, and does nothing if nothing changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.capacity.estimate import estimate
from infra.deploy import image, model_memory, variables
from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.command_ids import kept_for_help
from infra.deploy.cost_tags import cost_tag
from infra.deploy.endpoint import public_address, wait_for_endpoint
from infra.deploy.errors import AwsError, DeployError, InputError, RefusedError
from infra.deploy.existing_resources import LEFT_BY_DESIGN, leftovers
from infra.deploy.finding import Offer, offers_of
from infra.deploy.output import Output
from infra.deploy.plan import Plan
from infra.deploy.preflight import DeployContext, Preflight, run_preflight
from infra.deploy.registration import Registrar
from infra.deploy.smoke_test import SmokeTest, smoke_test_parameters
from infra.deploy.task_definitions import deregister_revisions
from infra.package.build import build
from infra.package.wheels import PackageError
from toolchain.environments import PYTHON_OF_LAMBDA
from toolchain.layout import Layout, python_of

REPOSITORY = "module.fleet.aws_ecr_repository.worker"
"""The resource that must exist before the image is pushed, and so before all others."""

Confirm = Callable[[str], bool]
"""Asks a person a question; true for yes."""


@dataclass(frozen=True)
class Flow:
    """One run of a command, with everything that its steps need."""

    choices: Choices
    settings: DeploymentSettings
    layout: Layout
    output: Output
    confirm: Confirm

    def preflight(self, *, removal: bool = False) -> Preflight:
        """Check everything, or what a removal needs, and show the findings."""
        with self.output.looking("Look at account, region, tools and Discord"):
            found = run_preflight(self.choices, self.settings, self.layout, removal=removal)
        self.output.findings(found.findings)
        return found

    def plan(self) -> Plan:
        """Do everything up to the first change: preflight, costs, package and plan."""
        context, _ = self._begin()
        with context.workspace.locked():
            self._build_package(context)
            return self._plan(context)

    def deploy(self) -> str:
        """Deploy; return the address that Discord sends interactions to."""
        context, offers = self._begin()
        deployment = context.deployment
        with context.workspace.locked():
            self._ask(f"Deploy {deployment.prefix} to {deployment.region}?")
            self.carry_out(offers)
            image_name = self._build_package(context)
            if self.choices.image is None:
                self._make_repository(context)
                self._push_image(context, image_name)
            plan = self._plan(context)
            if plan.changes:
                self._ask("Carry this plan out?")
            outputs = self._apply(context, plan)
            url = self._connect(context, outputs)
            self._look_at_budget(context)
            if self.choices.smoke_test or plan.changes_worker:
                self._test_worker(context, outputs)
            return url

    def destroy(self) -> tuple[str, ...]:
        """Remove everything; return the resources that are left."""
        context = self._begin_removal()
        deployment = context.deployment
        with context.workspace.locked():
            outputs = context.terraform.outputs()
            if context.application is not None:
                _write_variables(context)
            context.workspace.ensure_package()
            self._ask(f"Remove {deployment.prefix} in {deployment.region} for good?")
            self._disconnect(context, outputs)
            self._remove_resources(context)
            with self.output.step("Deregister the worker's task definitions") as report:
                family = deployment.repository
                report(f"{deregister_revisions(context.aws, family)} revisions of {family}")
            with self.output.step("Remove the kept bot token"):
                context.token_store.delete()
        return self._report_leftovers(context)

    def _begin(self) -> tuple[DeployContext, tuple[Offer, ...]]:
        found = self.preflight()
        if not found.passed or found.context is None:
            raise RefusedError("Nothing was changed: correct what is marked above first.")
        deployment = found.context.deployment
        first_type, maximum = deployment.instance_types[0], deployment.maximum_tasks
        costs = estimate(
            first_type,
            deployment.region,
            deployment.spot_percentage,
            maximum,
            deployment.warm_pool_size,
            hours_a_day=deployment.hours_a_day,
            hours_a_month=deployment.hours_a_month,
            quality=deployment.quality,
        )
        self.output.estimate(costs, first_type, maximum)
        return found.context, offers_of(found.findings)

    def _begin_removal(self) -> DeployContext:
        """As `_begin`, but without a valid bot token; Discord then remains as it is."""
        found = self.preflight(removal=True)
        if found.context is None:
            raise RefusedError("Nothing was removed: correct what is marked above first.")
        return found.context

    def carry_out(self, offers: tuple[Offer, ...]) -> None:
        """Make the changes that the person agrees to; the deployment goes on without them too."""
        for offer in offers:
            if self.confirm(offer.question):
                try:
                    offer.carry_out()
                except AwsError as error:
                    self.output.line(f"   Not done: {error}")

    def _ask(self, question: str) -> None:
        if not self.confirm(question):
            raise RefusedError("Stopped, as you asked.")

    def _build_package(self, context: DeployContext) -> str:
        """Build the Lambda package and write the variables; return the worker image's name."""
        package, architecture = context.workspace.package, context.deployment.lambda_architecture
        interpreter = python_of(context.layout.lambda_environment)
        with self.output.step("Build the Lambda package"):
            try:
                build(package, PYTHON_OF_LAMBDA, architecture, interpreter)
            except PackageError as error:
                raise DeployError(str(error)) from error
        return _write_variables(context)

    def _make_repository(self, context: DeployContext) -> None:
        """Make the ECR repository alone, unless it exists."""
        path, terraform = context.workspace.plan("repository"), context.terraform
        with self.output.step("Make the image's repository") as report:
            plan = terraform.plan(path, f"-target={REPOSITORY}", progress=report)
            if plan.changes:
                terraform.apply(path, plan.steps, report)
            path.unlink(missing_ok=True)

    def _push_image(self, context: DeployContext, tag: str) -> None:
        """Build and push the worker's image, unless the repository has it."""
        repository, sizes = context.deployment.repository, list[str]()
        with self.output.step("Build and push the worker's image") as report:
            if image.is_pushed(context.aws, repository, tag):
                report("nothing changed")
            else:
                reference = f"{image.address(context.aws, repository)}:{tag}"
                _worker_image(context).build(reference, report, self.settings.hub_token)
                sizes = image.sizes(reference)
                image.push(image.login(context.aws), reference, report)
        for line in sizes:
            self.output.line(line)

    def _plan(self, context: DeployContext) -> Plan:
        with self.output.step("Plan") as report:
            plan = context.terraform.plan(context.workspace.plan("whole"), progress=report)
        self.output.plan(plan)
        return plan

    def _apply(self, context: DeployContext, plan: Plan) -> dict[str, Any]:
        """Carry out the plan that was shown; return Terraform's outputs."""
        path = context.workspace.plan("whole")
        with self.output.step("Apply") as report:
            check_losses(plan, self.choices)
            context.terraform.apply(path, plan.steps, report)
            path.unlink(missing_ok=True)
            return context.terraform.outputs()

    def _connect(self, context: DeployContext, outputs: dict[str, Any]) -> str:
        """Store the bot token and connect Discord; return the endpoint's address."""
        url = self._address(outputs)
        registrar, application_id = self._registrar(context)
        with self.output.step("Keep the bot token in SSM"):
            _store_token(context)
        with self.output.step("Wait until the endpoint refuses what is not signed"):
            wait_for_endpoint(url)
        with self.output.step("Register the commands") as report:
            ids = registrar.put_commands(application_id, self.choices.guild_id)
            report(kept_for_help(context.aws, context.deployment.table, ids))
        with self.output.step("Set the endpoint; Discord sends it a PING and a forgery"):
            registrar.set_endpoint(url)
        self.output.heading("Deployed")
        self.output.lines(
            (
                f"interactions go to  {url}",
                "invite the bot      https://discord.com/oauth2/authorize?client_id="
                f"{application_id}&scope=bot+applications.commands",
                "then ask            /imagine prompt: a lighthouse at dusk",
                f"look at it          CloudWatch dashboard {outputs['dashboard_name']}",
                "change something    run the same command again",
                "remove it           make destroy-aws",
            )
        )
        return url

    def _look_at_budget(self, context: DeployContext) -> None:
        """Say whether the budget counts, which a tag of the account decides; offer to mend it."""
        found = cost_tag(context.aws)
        self.output.finding(found)
        self.carry_out(offers_of([found]))

    def _test_worker(self, context: DeployContext, outputs: dict[str, Any]) -> None:
        """Let a worker start and draw a picture, unless the fleet is paused or nobody wants it."""
        deployment = context.deployment
        if self.choices.smoke_test is False or deployment.maximum_tasks == 0:
            self.output.line("The worker is not tested: ask for a picture.")
            return
        _, application_id = self._registrar(context)
        test = SmokeTest(
            context.aws,
            deployment,
            application_id,
            smoke_test_parameters(context.values["generation_defaults"]),
            outputs["queue_url"],
            outputs["state_machine_arns"]["wake"],
        )
        with self.output.step("Wake a worker, which draws a picture") as report:
            test.run(report)
        if deployment.minimum_tasks == 0:
            with self.output.step("Wait until the fleet sleeps again") as report:
                test.wait_until_asleep(report)

    def _disconnect(self, context: DeployContext, outputs: dict[str, Any]) -> None:
        if context.token is None or context.application is None:
            self.output.lines(("Discord is left as it is: there is no valid bot token.",))
            return
        own_url = self._address(outputs) if outputs else None
        with self.output.step("Take commands and endpoint away from Discord"):
            registrar, application_id = self._registrar(context)
            done = registrar.disconnect(application_id, own_url, self.choices.guild_id)
        self.output.lines(f"removed from {line}" for line in done)

    def _remove_resources(self, context: DeployContext) -> None:
        terraform, path = context.terraform, context.workspace.plan("removal")
        if not terraform.resources():
            self.output.lines(("Terraform's state knows of nothing.",))
            return
        with self.output.step("Plan the removal") as report:
            plan = terraform.plan(path, "-destroy", progress=report)
        with self.output.step(f"Remove {plan.count('delete')} resources") as report:
            terraform.apply(path, plan.steps, report)
        path.unlink(missing_ok=True)

    def _report_leftovers(self, context: DeployContext) -> tuple[str, ...]:
        with self.output.step("Look for what is left"):
            left = leftovers(context.aws, context.deployment)
        self.output.heading("Left" if left.found else "Nothing of it is left at AWS")
        self.output.lines(left.found)
        if left.tagged:
            notice = (
                f"AWS's list of tags, which lags behind, still names {len(left.tagged)} resources. "
                "Only those that it names tomorrow, too, still exist:"
            )
            self.output.lines((notice, *(f"  {arn}" for arn in left.tagged)))
        self.output.lines(left.unknown)
        if backend := self.choices.backend_file:
            self.output.lines((f"In the bucket that {backend} names: the state, now empty.",))
        self.output.lines(LEFT_BY_DESIGN)
        if not left.found:
            context.workspace.remove()
        return left.found

    def _address(self, outputs: dict[str, Any]) -> str:
        """The address at which Discord reaches the deployment."""
        return public_address(
            outputs["discord_interactions_endpoint_url"],
            outputs["rest_api_id"],
            self.choices.endpoint_url,
        )

    def _registrar(self, context: DeployContext) -> tuple[Registrar, str]:
        """Discord's API for the application, and the application's id."""
        if context.token is None or context.application is None:
            raise InputError("Without a valid bot token the application is not known.")
        registrar = Registrar(self.settings.discord_api_url, context.token)
        return registrar, context.application.id


def check_losses(plan: Plan, choices: Choices) -> None:
    """Refuse a plan that removes irreplaceable resources, unless the person allowed that.

    Raises:
        RefusedError: the plan removes some, and the person did not allow it.
    """
    if plan.losses and not choices.allow_replacement:
        lost = ", ".join(change.address for change in plan.losses)
        raise RefusedError(
            f"The plan would remove {lost}: jobs that wait, or the address that Discord "
            "knows, would be lost. If that is meant: --allow-replacement."
        )


def _worker_image(context: DeployContext) -> image.WorkerImage:
    worker, root = context.values["worker"], context.layout.root
    quantizes = model_memory.quantizes(worker, context.deployment, root)
    arguments = image.arguments_for(worker, root, quantizes=quantizes)
    return image.WorkerImage(root, arguments)


def _write_variables(context: DeployContext) -> str:
    """Write the variables of this run; return the worker image that they name."""
    if context.application is None:
        raise InputError("Without a valid bot token the application is not known.")
    name, changed = context.choices.image, dict[str, Any]()
    if name is None:
        name = _worker_image(context).tag()
        changed["worker"] = image.as_in_image(context.values["worker"], context.layout.root)
        # The image's model is none that `quality` knows: what that means is set here.
        changed["generation_defaults"] = context.values["generation_defaults"]
        changed["scaling"] = context.values["scaling"]
    if context.manage_api_gateway_account is not None:
        changed["manage_api_gateway_account"] = context.manage_api_gateway_account
    values = variables.complete(context.chosen, context.application, name, changed)
    context.workspace.write_variables(values)
    return name


def _store_token(context: DeployContext) -> None:
    if context.token is None:
        raise InputError("There is no bot token to store.")
    deployment = context.deployment
    tags = {
        "Project": deployment.project,
        "Environment": deployment.environment,
        "Deployment": deployment.prefix,
    }
    context.token_store.put(context.token, tags)
