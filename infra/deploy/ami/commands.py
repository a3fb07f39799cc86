"""`python -m infra.deploy ami ...`: AMIs that hold the worker's image already."""

from pathlib import Path
from typing import Annotated

import typer

from infra.deploy.ami.flow import KEEP, AmiFlow
from infra.deploy.options import BackendConfig, Environment, Region, StateDir, VarFile, Yes
from infra.deploy.shell import STATES, flow_of, looked_at

ami = typer.Typer(
    no_args_is_help=True,
    help="An AMI that holds the worker's image already: a new instance need not pull it.",
)
Keep = Annotated[int, typer.Option(min=1, help="How many of the newest AMIs are left.")]


@ami.command()
def make(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
    keep: Keep = KEEP,
    yes: Yes = False,
) -> None:
    """Make the AMI of what is deployed, and remove older ones. After a failure, run it again."""
    _flow(region, environment, var_file, backend_config, state_dir, yes).make(keep)


@ami.command("list")
def list_amis(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
) -> None:
    """Show the AMIs of a deployment, the newest first."""
    _flow(region, environment, var_file, backend_config, state_dir, yes=True).list()


@ami.command()
def remove(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
) -> None:
    """Remove every AMI that is not in use, and a builder that was left."""
    _flow(region, environment, var_file, backend_config, state_dir, yes=True).remove()


def _flow(
    region: str | None,
    environment: str | None,
    var_file: Path | None,
    backend_config: Path | None,
    state_dir: Path,
    yes: bool,
) -> AmiFlow:
    chosen = looked_at(region, environment, var_file, backend_config, state_dir, image=None)
    return AmiFlow(flow_of(chosen, yes))
