"""An emulated AWS account and a local Discord, to rehearse a deployment with.

`python -m emulation.rig.rehearsal up` starts the emulator and the stand-in, requests the GPU quotas
that a person requests in a new account, and prints the environment in which the commands of a real
deployment reach these two. It deploys nothing: deploying is what is rehearsed.

With `--emulator-endpoint` the account is an emulator that a person started, such as a newer image
of LocalStack. Its token is given to that image, not to the rig.
"""

import io
import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from discord_diffusion.settings.reader import DISCORD_API_URL
from ecs_fleet_emulator.launch import HEALTH_PATH
from emulation.rig.emulator_client import CREDENTIALS, client_options
from emulation.rig.errors import RigError, StartError
from emulation.rig.host import stack
from emulation.rig.host.parts import Parts
from emulation.rig.loopback import answers, choose_port
from emulation.rig.options import (
    Emulator,
    FleetOptions,
    ModelOptions,
    StackOptions,
    lambda_architecture,
)
from emulation.rig.state import StackState, StateFolder
from fixtures.discord.signing import application
from infra.deploy.choices import DISCORD_BOT_TOKEN
from infra.deploy.gpu_quotas import ON_DEMAND_QUOTA, SPOT_QUOTA
from toolchain.display import Display
from toolchain.layout import Layout

MAXIMUM_TASKS = 2
_VCPUS = 4 * MAXIMUM_TASKS
_FOLDER = Path(".deployments/.rehearsal")
_ENDPOINT = re.compile(r"https?://[^/]+")
_HEALTH_PATHS = (HEALTH_PATH, "/_localemu/health")
_IMAGE = "registry.invalid/discord-diffusion/worker:rehearsal"
"""Never pulled: the emulator's tasks are processes of this checkout."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option("--state-dir", help="Folder of the rehearsal.")]
EmulatorName = Annotated[
    Emulator,
    typer.Option("--emulator", envvar="RIG_EMULATOR", help="LocalStack, or its fork LocalEmu."),
]
Endpoint = Annotated[
    str,
    typer.Option(
        envvar="RIG_EMULATOR_ENDPOINT",
        help="Address of an emulator that runs already, as http://127.0.0.1:4566.",
    ),
]


_NOT_OURS = """\
What runs at {endpoint} is not this rig's emulator: functions, tasks, alarms and policies are what
it makes of them. LocalStack runs functions and tasks in Docker; there is no fleet agent: nothing
starts instances or scales the service, unless it does so itself. Not there: the fleet's commands,
SPEED, IAM=enforce, rights, snapshots and the moved clock."""


def start(
    layout: Layout, folder: StateFolder, options: StackOptions, endpoint: str = ""
) -> StackState:
    """Start emulator and stand-in; a stack that runs in the folder is stopped first.

    With an `endpoint`, the stand-in alone: the emulator is the one that answers there.

    Raises:
        StartError: nothing answers at the endpoint, or a part did not start.
    """
    parts = Parts(layout, folder, options)
    if endpoint:
        _check_endpoint(endpoint)
    else:
        parts.check_emulator()
    stack.stop(folder)
    aws = choose_port(options.aws_port)
    discord = choose_port(options.discord_port, taken=aws)
    state = StackState.on_ports("rehearsal", aws, discord, region=options.region)
    if endpoint:
        state = replace(state, aws_endpoint=endpoint)
    try:
        state = parts.start_servers(state, Display(io.StringIO()), has_emulator=not endpoint)
    except BaseException:
        stack.stop(folder)
        raise
    state = replace(state, ready=True)
    folder.save(state)
    return state


def _check_endpoint(endpoint: str) -> None:
    if not _ENDPOINT.fullmatch(endpoint):
        raise StartError(
            f"EMULATOR_ENDPOINT={endpoint}: an address without a path is needed, for example"
            " http://127.0.0.1:4566."
        )
    if not any(answers(endpoint + path) for path in _HEALTH_PATHS):
        raise StartError(f"Nothing answers at EMULATOR_ENDPOINT={endpoint}. Start that emulator.")


def request_quotas(state: StackState) -> None:
    """Request quotas for GPU instances: a new account may run none."""
    quotas = boto3.client("service-quotas", **client_options(state))
    for code in (SPOT_QUOTA, ON_DEMAND_QUOTA):
        quotas.request_service_quota_increase(
            ServiceCode="ec2", QuotaCode=code, DesiredValue=float(_VCPUS)
        )


def variables(layout: Layout) -> dict[str, Any]:
    """A variable file as a person writes one, for the embedded model and this machine."""
    model = ModelOptions.embedded(layout.root)
    return {
        "environment": "rehearsal",
        "lambda_architecture": lambda_architecture(),
        "network": {"create_vpc": True},
        "fleet": {"maximum_tasks": MAXIMUM_TASKS},
        "scaling": dict(model.scaling),
        "worker": {
            "model": model.model,
            "safety_checker": "none",
            "receive_wait_seconds": 2,
            "picture_scale": 4,
            "picture_format": "png",
        },
        "generation_defaults": model.generation_defaults(),
    }


def environment(folder: StateFolder, state: StackState, variable_file: Path) -> dict[str, str]:
    """What a shell needs so that the commands of a real deployment reach the rehearsal."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": state.aws_endpoint,
        "AWS_REGION": state.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "",
        DISCORD_API_URL: state.discord_api_url,
        DISCORD_BOT_TOKEN: application()["bot_token"],
        "DEPLOY_VAR_FILE": str(variable_file),
        "DEPLOY_STATE_DIR": str(folder.path / "deployments"),
        "DEPLOY_SKIP_IMAGE": "true",
        "DEPLOY_IMAGE": _IMAGE,
        "DEPLOY_ENDPOINT_URL": f"{state.aws_endpoint}/_aws/execute-api/{{rest_api_id}}{{path}}",
    }


@app.command()
def up(
    state_dir: Folder = _FOLDER,
    emulator: EmulatorName = Emulator.LOCALSTACK,
    emulator_endpoint: Endpoint = "",
) -> None:
    """Start the rehearsal, and print the environment: eval "$(make -s rehearsal)"."""
    layout, folder = Layout.of_this_checkout(), StateFolder(state_dir.resolve())
    options = StackOptions(
        fleet=FleetOptions(minimum_tasks=0), enforces_iam=True, emulator=emulator.value
    )
    state = start(layout, folder, options, emulator_endpoint)
    if emulator_endpoint:
        typer.echo(_NOT_OURS.format(endpoint=emulator_endpoint), err=True)
    try:
        request_quotas(state)
    except (BotoCoreError, ClientError) as error:
        if not emulator_endpoint:
            raise
        typer.echo(f"No quotas of GPU instances could be requested there: {error}", err=True)
    file = folder.path / "rehearsal.tfvars.json"
    file.write_text(json.dumps(variables(layout), indent=2) + "\n")
    for name, value in environment(folder, state, file).items():
        typer.echo(f"export {name}={shlex.quote(value)}" if value else f"unset {name}")
    typer.echo(f"Emulator {state.aws_endpoint}, Discord {state.discord_url}", err=True)


@app.command()
def down(state_dir: Folder = _FOLDER) -> None:
    """Stop the rehearsal; its account and its Discord are gone with it."""
    stack.stop(StateFolder(state_dir.resolve()))


if __name__ == "__main__":
    try:
        app()
    except RigError as error:
        sys.exit(f"Error: {error}")
