"""The command line of the rig: `python -m emulation --help`."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from emulation.rig import (
    chaos_cli,
    fleet_cli,
    fleet_report,
    function_logs,
    log_files,
    report,
)
from emulation.rig import demo as demonstration
from emulation.rig.docker import doctor as examination
from emulation.rig.docker import stack as containers
from emulation.rig.errors import RigError
from emulation.rig.running import running_stack
from emulation.rig.stack import down as stack_down
from emulation.rig.stack import health, lock
from emulation.rig.stack import up as stack_up
from emulation.rig.stack.environment import keep_loopback_off_proxies
from emulation.rig.stack.options import FleetOptions, ModelOptions, StackOptions
from emulation.rig.stack.state import StackState, StateFolder
from emulation.rig.stand_in_client import StandIn
from toolchain import terraform as bootstrap
from toolchain.display import Display
from toolchain.errors import ToolchainError
from toolchain.layout import Layout


class Runtime(StrEnum):
    """What the parts of a stack run as: its target."""

    HOST = "host"
    DOCKER = "docker"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AWS, Discord and the GPU fleet on one machine: start it, use it, look at it, stop it.",
)
app.add_typer(chaos_cli.app, name="chaos")
app.add_typer(fleet_cli.app, name="fleet")
_LAYOUT = Layout.of_this_checkout()
_out = Console()

StateDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the stack (default: $DISCORD_DIFFUSION_STATE_DIR, else .local)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AwsPort = Annotated[int, typer.Option(help="Port of the emulator; a free one if taken.")]
DiscordPort = Annotated[int, typer.Option(help="Port of the stand-in; a free one if taken.")]
MinimumTasks = Annotated[
    int,
    typer.Option(
        min=0, max=16, envvar="RIG_MIN_TASKS", help="Workers that always run; 0: it can sleep."
    ),
]
MaximumTasks = Annotated[
    int, typer.Option(min=0, max=16, envvar="RIG_MAX_TASKS", help="Workers at most; 0: none.")
]
Speed = Annotated[
    float,
    typer.Option(min=1, envvar="RIG_SPEED", help="How much faster instances start than on AWS."),
]
Target = Annotated[
    Runtime,
    typer.Option(envvar="RIG_RUNTIME", help="Processes on this machine, or Docker's containers."),
]
Watch = Annotated[
    bool,
    typer.Option("--watch", envvar="RIG_WATCH", help="Reload handlers when their code changes."),
]
Model = Annotated[
    str | None,
    typer.Option(
        envvar="RIG_MODEL",
        help="Folder or hub id of a diffusers model (default: the embedded one).",
    ),
]
Size = Annotated[
    int, typer.Option(min=64, envvar="RIG_SIZE", help="Side of a picture in pixels, with --model.")
]
Out = Annotated[Path, typer.Option(envvar="RIG_OUT", help="Folder for the pictures.")]
Timeout = Annotated[
    float, typer.Option(min=1, envvar="RIG_TIMEOUT", help="Seconds to wait for the pictures.")
]
_DEFAULTS = StackOptions()


@app.command()
def up(
    aws_port: AwsPort = _DEFAULTS.aws_port,
    discord_port: DiscordPort = _DEFAULTS.discord_port,
    minimum_tasks: MinimumTasks = _DEFAULTS.fleet.minimum_tasks,
    maximum_tasks: MaximumTasks = _DEFAULTS.fleet.maximum_tasks,
    speed: Speed = _DEFAULTS.fleet.speed,
    watch: Watch = False,
    model: Model = None,
    size: Size = 512,
    runtime: Target = Runtime.HOST,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Start the stack, or say that it runs."""
    if maximum_tasks and minimum_tasks > maximum_tasks:
        raise RigError(f"minimum-tasks is {minimum_tasks}, above maximum-tasks: {maximum_tasks}")
    options = StackOptions(
        aws_port=aws_port,
        discord_port=discord_port,
        fleet=FleetOptions(minimum_tasks, maximum_tasks, speed),
        watch=watch,
        model=ModelOptions(model, width=size, height=size) if model else None,
    )
    state = _start(options, StateFolder.chosen(_LAYOUT.root, state_dir), runtime)
    if as_json:
        _print_json(state.as_json())
    else:
        report.addresses(_out, state)


@app.command()
def down(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Stop the stack and remove what it kept; logs and caches stay."""
    folder = StateFolder.chosen(_LAYOUT.root, state_dir)
    with lock.exclusive(_LAYOUT.cache, folder):
        known = folder.load()
        in_containers = (
            known.target == containers.TARGET if known else containers.left(_LAYOUT, folder)
        )
        if in_containers:
            stopped = containers.stop(_LAYOUT, folder)
        else:
            stopped = stack_down.stop(folder) is not None
    if as_json:
        _print_json({"stopped": stopped})
    else:
        _out.print("The stack is down." if stopped else "No stack was running.")


@app.command()
def status(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show what runs, where, how much waits in the queue, and what the fleet does."""
    state = running_stack(state_dir)
    in_containers = state.target == containers.TARGET
    processes = containers.parts(state) if in_containers else health.of_processes(state)
    queues = report.queue_depths(state)
    fleet = fleet_report.look(state)
    if as_json:
        _print_json(
            {
                "ready": state.ready,
                "processes": [asdict(one) for one in processes],
                "queues": asdict(queues),
                "fleet": asdict(fleet) if fleet else None,
                "stack": state.as_json(),
            }
        )
    else:
        report.status(_out, processes, queues)
        fleet_report.show(_out, fleet)
        report.addresses(_out, state)
    if not all(one.alive for one in processes):
        raise typer.Exit(1)


@app.command()
def logs(
    name: Annotated[
        str | None,
        typer.Argument(
            envvar="RIG_NAME",
            help="emulator, discord, telemetry, worker, one task's (worker-1f2e3d4c), functions,"
            " or one function's (backlog)",
        ),
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 40,
    follow: Annotated[
        bool, typer.Option("--follow", envvar="RIG_FOLLOW", help="Go on as lines come.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Show the logs of the stack's processes, of its tasks and of its functions."""
    folder = StateFolder.chosen(_LAYOUT.root, state_dir)
    known = folder.load()
    functions = known.function_names if known else {}
    if name == function_logs.ALL or name in functions:
        wanted = list(functions) if name == function_logs.ALL else [name]
        function_logs.show(_out, running_stack(state_dir), wanted, lines, follow=follow)
        return
    if known and known.target == containers.TARGET:
        raise typer.Exit(containers.show_logs(known, name, lines, follow=follow))
    files = log_files.chosen(folder.logs, name)
    words = ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)]
    raise typer.Exit(subprocess.run(words, check=False).returncode)


@app.command()
def send(
    prompt: Annotated[str, typer.Option(envvar="RIG_PROMPT", help="What to draw.")],
    seed: Annotated[
        int | None, typer.Option(envvar="RIG_SEED", help="Seed of the first picture.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(envvar="RIG_COUNT", help="How many pictures, 1 to 4.")
    ] = None,
    steps: Annotated[int | None, typer.Option(envvar="RIG_STEPS", help="Denoising steps.")] = None,
    guidance: Annotated[
        float | None, typer.Option(envvar="RIG_GUIDANCE", help="Guidance scale.")
    ] = None,
    negative_prompt: Annotated[
        str | None, typer.Option(envvar="RIG_NEGATIVE_PROMPT", help="What not to draw.")
    ] = None,
    out: Out = Path("build/pictures"),
    timeout: Timeout = 120,
    user: Annotated[str | None, typer.Option(help="Id of the user who asks.")] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Send a signed /imagine through the running stack and save the pictures."""
    given: dict[str, object] = {"prompt": prompt, "seed": seed, "images": count, "steps": steps}
    given |= {"guidance": guidance, "negative_prompt": negative_prompt}
    options = {name: value for name, value in given.items() if value is not None}
    stand_in = StandIn(running_stack(state_dir).discord_url)
    started = time.monotonic()
    interaction = stand_in.send("imagine", options, **({"user_id": user} if user else {}))
    answer = stand_in.wait_for_pictures(interaction, timeout, None if as_json else report.live)
    seconds = time.monotonic() - started
    paths = answer.save(out)
    if as_json:
        found = {"interaction_id": interaction, "seconds": round(seconds, 3)}
        _print_json({**found, "content": answer.content, "pictures": [str(p) for p in paths]})
    else:
        report.pictures(_out, paths, seconds)


@app.command()
def demo(
    out: Out = Path("build/demo"),
    timeout: Timeout = 120,
    aws_port: AwsPort = _DEFAULTS.aws_port,
    discord_port: DiscordPort = _DEFAULTS.discord_port,
    state_dir: StateDir = None,
) -> None:
    """Start the stack if need be, send an /imagine through it, show the pictures' paths."""
    options = StackOptions(aws_port=aws_port, discord_port=discord_port)
    folder = StateFolder.chosen(_LAYOUT.root, state_dir)
    state = _start(options, folder)
    with Display() as display:
        paths = demonstration.send(state, display, out, timeout)
    report.pictures(_out, paths)
    report.addresses(_out, state)
    report.next_steps(_out)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show what this machine can do, how to mend what it lacks, and which target to use."""
    found = examination.examine(_LAYOUT)
    if as_json:
        _print_json(found.as_json())
    else:
        sys.stdout.write(found.as_text())
    if found.target is None:
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def terraform(context: typer.Context) -> None:
    """Run Terraform on the root module, with the program and provider that were set up."""
    program = bootstrap.find(_LAYOUT.cache)
    if program is None:
        raise RigError("Terraform is not set up. Run: make setup")
    words = [str(program), f"-chdir={_LAYOUT.infra}", *context.args]
    env = bootstrap.environment(_LAYOUT.terraform_data)
    raise typer.Exit(subprocess.run(words, env=env, check=False).returncode)


def main() -> None:
    """Run the command line; an error of the rig's own is a message, not a traceback."""
    keep_loopback_off_proxies(os.environ)
    try:
        app()
    except (RigError, ToolchainError) as error:
        console = Console(stderr=True)
        console.print("[bold red]Error:[/]", escape(str(error)), highlight=False, soft_wrap=True)
        sys.exit(1)


def _start(
    options: StackOptions, folder: StateFolder, runtime: Runtime = Runtime.HOST
) -> StackState:
    known = folder.load()
    if known and known.target != runtime:
        raise RigError(
            f"A stack of target {known.target} runs here, and {runtime} was asked for."
            " Stop it first: make local-down"
        )
    with Display() as display:
        if runtime is Runtime.DOCKER:
            with lock.exclusive(_LAYOUT.cache, folder):
                return containers.start(_LAYOUT, folder, options, display)
        started = stack_up.start(_LAYOUT, folder, options, display)
    if started.already_running:
        sys.stderr.write("The stack is already running.\n")
    return started.state


def _print_json(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content, indent=2) + "\n")
