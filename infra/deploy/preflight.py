"""Look at everything that a deployment needs, before anything is made."""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.deploy import variables
from infra.deploy.aws import Aws
from infra.deploy.bot_token import TokenStore
from infra.deploy.checks import account, discord, instances, names, network, quotas, tools
from infra.deploy.checks.finding import Finding, Verdict, bad
from infra.deploy.choices import Choices, Deployment
from infra.deploy.errors import AwsError, DeployError, TerraformError
from infra.deploy.registration import Application
from infra.deploy.settings import DeploymentSettings
from infra.deploy.terraform import Terraform
from infra.deploy.workspace import Workspace
from toolchain.layout import Layout


@dataclass(frozen=True)
class Ready:
    """What the preflight learnt, for the steps that follow."""

    choices: Choices
    layout: Layout
    said: dict[str, str]
    values: dict[str, Any]
    deployment: Deployment
    aws: Aws
    workspace: Workspace
    terraform: Terraform
    application: Application | None
    token: str | None = field(repr=False)

    @property
    def tokens(self) -> TokenStore:
        """Where the bot token is kept."""
        return TokenStore(self.aws, self.deployment.token_parameter)


@dataclass(frozen=True)
class Preflight:
    """All findings, and what is ready unless one of the first failed."""

    findings: tuple[Finding, ...]
    ready: Ready | None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against going on."""
        return self.ready is not None and all(
            one.verdict is not Verdict.BAD for one in self.findings
        )


def look(
    choices: Choices, settings: DeploymentSettings, layout: Layout, *, removal: bool = False
) -> Preflight:
    """Look at everything; what can't be looked at without an earlier one is left out.

    For a `removal` it is credentials, state and Discord alone.

    Raises:
        InputError: choices and environment contradict each other.
    """
    tool, program = tools.terraform(layout.cache)
    if program is None:
        return Preflight((tool,), None)
    said = variables.chosen(choices, settings)
    try:
        values = _values(choices, layout, program, said)
    except TerraformError as error:
        finding = bad("variables", str(error), "Correct the variable that is named.")
        return Preflight((tool, finding), None)
    deployment = Deployment.from_variables(values)
    ready = _ready(choices, settings, layout, program, said, values, deployment)
    credentials = account.credentials(ready.aws)
    if credentials.verdict is Verdict.BAD:
        return Preflight((tool, credentials), None)
    workspace_problem = tuple(_initialise(ready))
    token = settings.bot_token or _kept_token(ready)
    application_finding, application = discord.application(
        settings.discord_api_url, token, deployment
    )
    found = (tool, credentials, *workspace_problem, application_finding)
    if not removal:
        found += (*_of_aws(ready), tools.docker(choices.image, layout.root))
    return Preflight(found, replace(ready, application=application, token=token))


def _values(
    choices: Choices, layout: Layout, program: Path, said: dict[str, str]
) -> dict[str, Any]:
    scratch = Workspace(choices.state_folder.absolute() / ".variables")
    with scratch.locked():
        scratch.copy_module(layout.infra, None)
        given = {
            name: value
            for name, value in variables.defaults().items()
            if f"TF_VAR_{name}" not in os.environ
        }
        scratch.write_variables(given)
        files = (scratch.variables, *_files(choices))
        terraform = Terraform(program, scratch.module, scratch.data, files)
        terraform.initialise(_providers(layout))
        return variables.evaluate(terraform, said, layout.infra / "variables.tf")


def _files(choices: Choices) -> tuple[Path, ...]:
    return (choices.variables_file.absolute(),) if choices.variables_file else ()


def _providers(layout: Layout) -> Path | None:
    found = layout.terraform_data / "providers"
    return found if found.is_dir() else None


def _ready(
    choices: Choices,
    settings: DeploymentSettings,
    layout: Layout,
    program: Path,
    said: dict[str, str],
    values: dict[str, Any],
    deployment: Deployment,
) -> Ready:
    workspace = Workspace.of(choices.state_folder, deployment.prefix, deployment.region)
    files = (*_files(choices), workspace.variables)
    terraform = Terraform(program, workspace.module, workspace.data, files, workspace.log)
    aws = Aws(deployment.region)
    return Ready(
        choices,
        layout,
        said,
        values,
        deployment,
        aws,
        workspace,
        terraform,
        None,
        settings.bot_token,
    )


def _initialise(ready: Ready) -> Iterator[Finding]:
    """Make the workspace ready, so that the state can be read."""
    workspace, backend = ready.workspace, ready.choices.backend_file
    workspace.folder.mkdir(parents=True, exist_ok=True)
    workspace.copy_module(ready.layout.infra, backend)
    options = ["-input=false"]
    if backend:
        options.append(f"-backend-config={backend.absolute()}")
    try:
        ready.terraform.initialise(_providers(ready.layout), *options)
    except TerraformError as error:
        yield bad("state", str(error), f"Make it reachable. {_how_to_move(ready, options)}")


def _how_to_move(ready: Ready, options: Sequence[str]) -> str:
    """What takes the state from the backend it is in to the one that was named now.

    A person types it, for Terraform asks before it writes over a state that is there.
    """
    terraform = ready.terraform
    words = ["init", "-migrate-state", *ready.terraform.found(_providers(ready.layout))]
    words += [option for option in options if option != "-input=false"]
    command = shlex.join([str(terraform.program), f"-chdir={terraform.module}", *words])
    return f"To move it to another backend, once: `TF_DATA_DIR={terraform.data} {command}`"


def _kept_token(ready: Ready) -> str | None:
    try:
        return ready.tokens.get()
    except AwsError:
        return None


def _of_aws(ready: Ready) -> Iterator[Finding]:
    aws, deployment = ready.aws, ready.deployment

    def of_fleet() -> tuple[Finding, ...]:
        finding, vcpus = instances.instance_types(aws, deployment)
        return (finding, *quotas.gpu_quotas(aws, deployment, vcpus))

    def of_names() -> tuple[Finding, ...]:
        return (names.names(aws, deployment, len(_resources(ready))),)

    looks: tuple[Callable[[], tuple[Finding, ...]], ...] = (
        of_fleet,
        lambda: (network.subnets(aws, deployment),),
        of_names,
    )
    with ThreadPoolExecutor() as pool:
        for found in pool.map(lambda look: look(), looks):
            yield from found


def _resources(ready: Ready) -> list[str]:
    try:
        return ready.terraform.resources()
    except DeployError:
        return []
