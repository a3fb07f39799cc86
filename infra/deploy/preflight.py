"""The preflight: checks everything that a deployment needs, before anything is made."""

import os
import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.deploy import (
    account_checks,
    account_settings,
    local_checks,
    model_memory,
    sign_in,
    variables,
)
from infra.deploy.aws import Aws, TokenStore
from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.errors import AwsError, TerraformError
from infra.deploy.finding import Finding, Verdict, bad, warning
from infra.deploy.gpu_quotas import gpu_quotas
from infra.deploy.instance_offers import image, instance_types, spot_capacity
from infra.deploy.registration import Application
from infra.deploy.terraform import Terraform
from infra.deploy.variables import Deployment
from infra.deploy.workspace import Workspace
from toolchain.layout import Layout

_NEED_ACCOUNT = (
    *("account", "GPU instance types", "instance image", "quotas of GPU vCPUs", "Spot capacity"),
    *("network", "service-linked roles", "API Gateway's log role", "Lambda's calls at once"),
    *("names", "state"),
)
"""What only the account can say."""


@dataclass(frozen=True)
class DeployContext:
    """The deployment, as the preflight found it, for the steps that follow."""

    choices: Choices
    layout: Layout
    chosen: dict[str, str]
    """The variables that command line and environment set."""
    values: dict[str, Any]
    """The variables that the deploy step reads, with their defaults."""
    deployment: Deployment
    aws: Aws
    workspace: Workspace
    terraform: Terraform
    application: Application | None
    token: str | None = field(repr=False)
    manage_api_gateway_account: bool | None = None
    """Whether the deployment sets API Gateway's log role; None: as the variables say."""

    @property
    def token_store(self) -> TokenStore:
        """Where the bot token is stored."""
        return TokenStore(self.aws, self.deployment.token_parameter)


@dataclass(frozen=True)
class Preflight:
    """All findings, and the context; it is None if the account cannot be looked at."""

    findings: tuple[Finding, ...]
    context: DeployContext | None

    @property
    def passed(self) -> bool:
        """Whether a deployment may go on."""
        return self.context is not None and all(
            finding.verdict is not Verdict.BAD for finding in self.findings
        )


def run_preflight(
    choices: Choices, settings: DeploymentSettings, layout: Layout, *, removal: bool = False
) -> Preflight:
    """Run all checks; those that need the result of a failed one alone are left out.

    A `removal` needs credentials, state and Discord alone.

    Raises:
        InputError: choices and environment contradict each other.
    """
    terraform_finding, program = local_checks.terraform(layout.cache)
    findings = [terraform_finding]
    if program is None:
        local = _local_findings(choices, settings, layout, None)
        return Preflight((*findings, *local, _not_looked_at("region", "variables")), None)
    chosen = variables.chosen(choices, settings)
    try:
        context = _context(choices, layout, program, chosen)
    except TerraformError as error:
        findings.append(bad("variables", str(error), "Correct the variable that is named."))
        local = _local_findings(choices, settings, layout, None)
        return Preflight((*findings, *local, _not_looked_at("region")), None)
    account = _sign_in(context, findings)
    if account is None:
        local = _local_findings(choices, settings, layout, context.deployment)
        models = () if removal else _models(context)
        return Preflight((*findings, *models, *local, _not_looked_at()), None)
    findings += _initialise(context)
    findings.append(_account_of_state(context, account))
    token = settings.bot_token or _stored_token(context)
    finding, application = local_checks.application(
        settings.discord_api_url, token, context.deployment
    )
    findings.append(finding)
    context = replace(context, application=application, token=token)
    if not removal:
        role, manages_role = account_settings.api_gateway_role(context.aws, context.deployment)
        context = replace(context, manage_api_gateway_account=manages_role)
        findings += [*_account_findings(context), role]
        findings.append(local_checks.docker(choices.image, layout.root))
    return Preflight(tuple(findings), context)


def _sign_in(context: DeployContext, findings: list[Finding]) -> str | None:
    """The account of the credentials; None if there is none, or the region is not supported."""
    findings.append(sign_in.region(context.deployment.region))
    if findings[-1].verdict is Verdict.BAD:
        return None
    finding, account = account_checks.credentials(context.aws)
    findings.append(finding)
    return account or None


def _account_of_state(context: DeployContext, account: str) -> Finding:
    try:
        return sign_in.account(account, context.terraform.outputs().get("account_id"))
    except TerraformError:
        # The finding about the state says why it cannot be read.
        return sign_in.account(account, None)


def _local_findings(
    choices: Choices, settings: DeploymentSettings, layout: Layout, deployment: Deployment | None
) -> Iterator[Finding]:
    """The checks that need no account, for a person who cannot sign in yet."""
    token = settings.bot_token
    if token is None:
        yield local_checks.token_not_set()
    else:
        yield local_checks.application(settings.discord_api_url, token, deployment)[0]
    yield local_checks.docker(choices.image, layout.root)


def _not_looked_at(*names: str) -> Finding:
    """What could not be checked, by name, so that nobody takes its silence for a good sign."""
    return warning(
        "not looked at",
        ", ".join((*names, *_NEED_ACCOUNT)),
        "Correct what is marked, and run it again: these need credentials for the account.",
    )


def _models(context: DeployContext) -> tuple[Finding, ...]:
    """Whether the models fit into the fleet's GPUs, which only the variables say."""
    root = context.layout.root
    return tuple(model_memory.models(context.values["worker"], context.deployment, root))


def _values(
    choices: Choices, layout: Layout, program: Path, chosen: dict[str, str]
) -> dict[str, Any]:
    scratch = Workspace(choices.state_folder.absolute() / ".variables")
    with scratch.locked():
        scratch.copy_variables(layout.infra)
        placeholders = {
            name: value
            for name, value in variables.PLACEHOLDERS.items()
            if f"TF_VAR_{name}" not in os.environ
        }
        scratch.write_variables(placeholders)
        files = (scratch.variables, *_variable_files(choices))
        terraform = Terraform(program, scratch.module, scratch.data, files)
        terraform.initialise()
        return variables.evaluate(terraform, chosen, layout.infra / "variables.tf")


def _variable_files(choices: Choices) -> tuple[Path, ...]:
    return (choices.variables_file.absolute(),) if choices.variables_file else ()


def _plugin_options(layout: Layout) -> tuple[str, ...]:
    """The option of `terraform init` for the providers of the set-up, if they are there."""
    providers = layout.terraform_data / "providers"
    return (f"-plugin-dir={providers}",) if providers.is_dir() else ()


def _context(
    choices: Choices, layout: Layout, program: Path, chosen: dict[str, str]
) -> DeployContext:
    values = _values(choices, layout, program, chosen)
    deployment = Deployment.from_variables(values)
    workspace = Workspace.of(choices.state_folder, deployment.prefix, deployment.region)
    files = (*_variable_files(choices), workspace.variables)
    return DeployContext(
        choices=choices,
        layout=layout,
        chosen=chosen,
        values=values,
        deployment=deployment,
        aws=Aws(deployment.region),
        workspace=workspace,
        terraform=Terraform(
            program,
            workspace.module,
            workspace.data,
            files,
            workspace.log,
            sign_in.for_terraform,
        ),
        application=None,
        token=None,
    )


def _initialise(context: DeployContext) -> Iterator[Finding]:
    """Prepare the workspace so that the state can be read."""
    workspace, backend = context.workspace, context.choices.backend_file
    workspace.copy_module(context.layout.infra, backend)
    plugins = _plugin_options(context.layout)
    options = (f"-backend-config={backend.absolute()}",) if backend else ()
    try:
        context.terraform.initialise(*plugins, "-input=false", *options)
    except TerraformError as error:
        command = _migration_command(context.terraform, (*plugins, *options))
        yield bad("state", str(error), f"Make it reachable. {command}")


def _migration_command(terraform: Terraform, options: Sequence[str]) -> str:
    """The command that moves the state from its present backend to the one that was named.

    A person types it, because Terraform asks before it overwrites an existing state.
    """
    words = [str(terraform.program), f"-chdir={terraform.module}", "init", "-migrate-state"]
    command = shlex.join([*words, *options])
    return f"To move it to another backend, once: `TF_DATA_DIR={terraform.data} {command}`"


def _stored_token(context: DeployContext) -> str | None:
    try:
        return context.token_store.get()
    except AwsError:
        return None


def _account_findings(context: DeployContext) -> Iterator[Finding]:
    """The checks of the account that take long, at the same time."""
    aws, deployment = context.aws, context.deployment
    with ThreadPoolExecutor() as pool:
        spot = pool.submit(spot_capacity, aws, deployment)
        roles = pool.submit(account_settings.service_roles, aws)
        limit = pool.submit(list, account_settings.concurrency(aws, deployment))
        network = pool.submit(account_checks.subnets, aws, deployment)
        names = pool.submit(_check_names, context)
        models = pool.submit(_models, context)
        types, offers = instance_types(aws, deployment)
        yield types
        yield image(aws, deployment, offers)
        yield from models.result()
        yield from gpu_quotas(aws, deployment, offers)
        yield spot.result()
        yield network.result()
        yield roles.result()
        yield from limit.result()
        yield names.result()


def _check_names(context: DeployContext) -> Finding:
    try:
        in_state = len(context.terraform.resources())
    except TerraformError:
        in_state = 0
    return account_checks.names(context.aws, context.deployment, in_state)
