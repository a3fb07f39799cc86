"""What every command line of the deploy step begins with: choices, settings, a flow."""

import os
from pathlib import Path

import typer

from infra.deploy.choices import Choices
from infra.deploy.flows import Agree, Flow
from infra.deploy.settings import SECRETS, DeploymentSettings
from infra.deploy.show import Show
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
STATES = LAYOUT.root / ".deployments"
_VARIABLES = LAYOUT.infra / "aws.tfvars"


def looked_at(
    region: str | None,
    environment: str | None,
    var_file: Path | None,
    backend_config: Path | None,
    state_dir: Path,
    image: str | None,
) -> Choices:
    """The choices of a command that deploys nothing."""
    return Choices(
        region=region,
        environment=environment,
        variables_file=variables(var_file),
        backend_file=backend_config,
        state_folder=state_dir,
        image=image,
    )


def flow_of(choices: Choices, yes: bool) -> Flow:
    """The flow of a command; with `yes` it asks nothing."""
    return Flow(choices, _settings(), LAYOUT, Show(), agree(yes))


def agree(yes: bool) -> Agree:
    """Who is asked: nobody, or the person at the terminal."""
    return (lambda _question: True) if yes else typer.confirm


def variables(given: Path | None) -> Path | None:
    """The variable file that is named, else the usual one if it is there."""
    return given or (_VARIABLES if _VARIABLES.exists() else None)


def _settings() -> DeploymentSettings:
    """The settings; from here on no program that is started finds the secrets."""
    settings = DeploymentSettings.from_environ()
    for name in SECRETS:
        os.environ.pop(name, None)
    return settings
