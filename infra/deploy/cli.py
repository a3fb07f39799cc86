"""`python -m infra.deploy`: the command line of the deploy step."""

import os
import signal
import sys
from dataclasses import replace
from types import FrameType
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from discord_diffusion.settings.reader import SettingsError
from infra.deploy.choices import SECRETS, Choices, DeploymentSettings
from infra.deploy.errors import DeployError, InputError, Terminated
from infra.deploy.finding import Verdict
from infra.deploy.flow import Flow
from infra.deploy.inspection import Inspection
from infra.deploy.options import (
    AllowReplacement,
    BackendConfig,
    DryRun,
    EndpointUrl,
    Environment,
    Guild,
    Image,
    Region,
    SkipImage,
    SmokeTest,
    StateDir,
    VarFile,
    Yes,
)
from infra.deploy.output import Output
from toolchain.layout import Layout
from toolchain.terminal import spell_out

LAYOUT = Layout.of_this_checkout()
STATES = LAYOUT.root / ".deployments"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From an AWS account and a Discord token to a running bot, and back.",
)


deploying = typer.Typer(add_completion=False)
app.add_typer(deploying, name="deploy")


@deploying.callback(invoke_without_command=True)
def deploy(
    context: typer.Context,
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
    guild: Guild = None,
    skip_image: SkipImage = False,
    image: Image = None,
    endpoint_url: EndpointUrl = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    allow_replacement: AllowReplacement = False,
    smoke_test: SmokeTest = None,
) -> None:
    """Deploy, or bring a deployment up to date. After a failure, run it again."""
    if context.invoked_subcommand:
        _refuse_options(context)
        return
    choices = Choices(
        region,
        environment,
        var_file,
        backend_config,
        state_dir,
        guild_id=guild,
        image=_image(image, skip_image),
        endpoint_url=endpoint_url,
        allow_replacement=allow_replacement,
        smoke_test=smoke_test,
    )
    flow = _flow(choices, yes=yes)
    if dry_run:
        flow.plan()
        flow.output.line("\nNothing was changed.")
    else:
        flow.deploy()


@app.command()
def plan(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
    skip_image: SkipImage = False,
    image: Image = None,
) -> None:
    """Show what a deployment would do and cost: `deploy --dry-run`."""
    existing = _image(image, skip_image)
    choices = Choices(region, environment, var_file, backend_config, state_dir, image=existing)
    _flow(choices, yes=True).plan()


@app.command()
def destroy(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
    guild: Guild = None,
    endpoint_url: EndpointUrl = None,
    yes: Yes = False,
) -> None:
    """Remove a deployment, and say what it leaves."""
    choices = Choices(
        region,
        environment,
        var_file,
        backend_config,
        state_dir,
        guild_id=guild,
        image="removed",
        endpoint_url=endpoint_url,
    )
    if _flow(choices, yes=yes).destroy():
        raise typer.Exit(1)


@app.command()
def preflight(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
    skip_image: SkipImage = False,
    image: Image = None,
) -> None:
    """Look at account, quotas, region, network, tools and Discord; change nothing."""
    existing = _image(image, skip_image)
    choices = Choices(region, environment, var_file, backend_config, state_dir, image=existing)
    if not _flow(choices, yes=True).preflight().passed:
        raise typer.Exit(1)


@deploying.command()
@app.command()
def diagnose(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
) -> None:
    """Look at a deployment that is there, and say what is wrong with it; change nothing."""
    choices = Choices(region, environment, var_file, backend_config, state_dir)
    found = _inspection(choices).diagnose()
    if any(one.verdict is Verdict.BAD for one in found):
        raise typer.Exit(1)


@deploying.command()
@app.command()
def collect(
    region: Region = None,
    environment: Environment = None,
    var_file: VarFile = None,
    backend_config: BackendConfig = None,
    state_dir: StateDir = STATES,
) -> None:
    """Write one file about a deployment, to send to somebody; it holds no secret."""
    _inspection(Choices(region, environment, var_file, backend_config, state_dir)).collect()


@app.command()
def costs(
    instance_type: Annotated[str, typer.Option(help="EC2 type with one GPU.")] = "g4dn.xlarge",
    region: Annotated[str, typer.Option(help="AWS region.")] = "us-east-2",
    spot_percentage: Annotated[float, typer.Option(min=0, max=100, help="Share of Spot.")] = 100,
    maximum_tasks: Annotated[int, typer.Option(min=0, help="Instances at most.")] = 4,
    hours_a_month: Annotated[
        float, typer.Option(min=0, help="Cap of instance-hours in a month; 0: none.")
    ] = 300,
    quality: Annotated[
        Literal["fast", "better", "best"], typer.Option(help="How the default model draws.")
    ] = "fast",
) -> None:
    """Show what a deployment costs, item by item (docs/costs.md has the sources)."""
    from infra.capacity.estimate import estimate

    found = estimate(
        instance_type,
        region,
        spot_percentage,
        maximum_tasks,
        hours_a_month=hours_a_month,
        quality=quality,
    )
    output = Output()
    output.estimate(found, instance_type, maximum_tasks)
    output.heading("An idle month, item by item")
    for line in sorted(found.idle, key=lambda line: -line.dollars):
        output.line(f"  {line.dollars:6.3f}  {line.name}")


def main() -> None:
    """Run the command line; print a DeployError as a message instead of a traceback."""
    signal.signal(signal.SIGTERM, _terminate)
    spell_out()
    try:
        app()
    except (DeployError, SettingsError) as error:
        console = Console(stderr=True)
        console.print("[bold red]Error:[/]", escape(str(error)), highlight=False, soft_wrap=True)
        sys.exit(1)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _flow(choices: Choices, *, yes: bool) -> Flow:
    """The flow of a command; with `yes` it asks nothing."""
    choices, settings = _prepared(choices)
    confirm = (lambda _question: True) if yes else typer.confirm
    return Flow(choices, settings, LAYOUT, Output(), confirm)


def _inspection(choices: Choices) -> Inspection:
    choices, settings = _prepared(choices)
    return Inspection(choices, settings, LAYOUT, Output())


def _prepared(choices: Choices) -> tuple[Choices, DeploymentSettings]:
    """The choices with the variable file, infra/aws.tfvars by default; and the environment's.

    Programs that are started from here on do not inherit the secrets.
    """
    default_file = LAYOUT.infra / "aws.tfvars"
    if choices.variables_file is None and default_file.exists():
        choices = replace(choices, variables_file=default_file)
    settings = DeploymentSettings.from_environ()
    for name in SECRETS:
        os.environ.pop(name, None)
    return choices, settings


def _refuse_options(context: typer.Context) -> None:
    """Refuse options before the name of a command: they are those of `deploy`, not the command's.

    Else it would look at another deployment than the one that was named.
    """
    command = context.invoked_subcommand
    typed = [
        parameter.opts[0]
        for parameter in context.command.params
        if (source := context.get_parameter_source(parameter.name or ""))
        and source.name == "COMMANDLINE"
    ]
    if typed:
        raise InputError(f"{', '.join(typed)}: options belong behind `{command}`, not before it.")


def _image(image: str | None, skip: bool) -> str | None:
    if skip and image is None:
        raise InputError("--skip-image needs the image that is to run: --image REFERENCE.")
    if image is not None and not skip:
        raise InputError("--image names an image that exists: say --skip-image too.")
    return image
