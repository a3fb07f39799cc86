"""An AWS account and a Discord of one's own, to rehearse a deployment against.

`python -m emulation.rig.rehearsal up` starts the emulator and the stand-in, does what a person has
to do in a new account (ask for GPU quotas), and prints the environment in which the very commands
of a real deployment reach these two. Nothing is applied; that is what is to be rehearsed.
"""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer

from discord_diffusion.settings.reader import DISCORD_API_URL
from emulation.rig.stack import down as stack_down
from emulation.rig.stack import ports
from emulation.rig.stack.clients import client_options
from emulation.rig.stack.options import (
    FleetOptions,
    ModelOptions,
    StackOptions,
    lambda_architecture,
)
from emulation.rig.stack.parts import EMULATOR_CREDENTIALS, Parts
from emulation.rig.stack.state import StackState, StateFolder
from fixtures.discord.signing import application
from infra.deploy.account_checks import ON_DEMAND_QUOTA, SPOT_QUOTA
from infra.deploy.choices import DISCORD_BOT_TOKEN
from toolchain.layout import Layout

MAXIMUM_TASKS = 2
_VCPUS = 4 * MAXIMUM_TASKS
_FOLDER = Path(".deployments/.rehearsal")
_IMAGE = "registry.invalid/discord-diffusion/worker:rehearsal"
"""Never pulled: the emulator's tasks are processes of this checkout."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option("--state-dir", help="Folder of the rehearsal.")]


def start(layout: Layout, folder: StateFolder, options: StackOptions) -> StackState:
    """Start emulator and stand-in; whatever ran in the folder is stopped first."""
    stack_down.stop(folder)
    parts = Parts(layout, folder, options)
    aws = ports.choose(options.aws_port)
    discord = ports.choose(options.discord_port, taken=aws)
    url = f"http://{ports.LOOPBACK}:{discord}"
    state = StackState(
        target="rehearsal",
        aws_endpoint=f"http://{ports.LOOPBACK}:{aws}",
        region=options.region,
        discord_url=url,
        discord_api_url=f"{url}/api/v10",
    )
    try:
        emulator, stand_in = parts.start_emulator(aws), parts.start_stand_in(discord)
        state = state.with_process(emulator).with_process(stand_in)
        folder.save(state)
        parts.wait_for_emulator(emulator, state.aws_endpoint)
        parts.wait_for_stand_in(stand_in, state.discord_url)
    except BaseException:
        stack_down.stop(folder)
        raise
    state = replace(state, ready=True)
    folder.save(state)
    return state


def ask_for_quotas(state: StackState, vcpus: int = _VCPUS) -> None:
    """What a person does once in a new account, which may run no GPU instance."""
    quotas = boto3.client("service-quotas", **client_options(state))
    for code in (SPOT_QUOTA, ON_DEMAND_QUOTA):
        quotas.request_service_quota_increase(
            ServiceCode="ec2", QuotaCode=code, DesiredValue=float(vcpus)
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
        "worker": {"model": model.model, "receive_wait_seconds": 2, "picture_scale": 4},
        "generation_defaults": {
            "steps": model.steps,
            "guidance": model.guidance,
            "width": model.width,
            "height": model.height,
        },
    }


def environment(folder: StateFolder, state: StackState, variable_file: Path) -> dict[str, str]:
    """What a shell needs so that the commands of a real deployment reach the rehearsal."""
    return {
        **EMULATOR_CREDENTIALS,
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
def up(state_dir: Folder = _FOLDER) -> None:
    """Start it, and print the environment: eval "$(make -s rehearsal)"."""
    layout, folder = Layout.of_this_checkout(), StateFolder(state_dir.resolve())
    state = start(layout, folder, StackOptions(fleet=FleetOptions(minimum_tasks=0)))
    ask_for_quotas(state)
    file = folder.path / "rehearsal.tfvars.json"
    file.write_text(json.dumps(variables(layout), indent=2) + "\n")
    for name, value in environment(folder, state, file).items():
        typer.echo(f"export {name}={shlex.quote(value)}" if value else f"unset {name}")
    typer.echo(f"Emulator {state.aws_endpoint}, Discord {state.discord_url}", err=True)


@app.command()
def down(state_dir: Folder = _FOLDER) -> None:
    """Stop it; its account and its Discord are gone with it."""
    stack_down.stop(StateFolder(state_dir.resolve()))


if __name__ == "__main__":
    app()
