"""The command line of the rig, from its groups of commands."""

import os
import signal
import subprocess
import sys
from dataclasses import asdict
from types import FrameType

import click
import typer
from rich.console import Console
from rich.markup import escape
from typer import rich_utils

from emulation.rig import doctor as examination
from emulation.rig.cli import chaos, fleet, pictures, rights, stack
from emulation.rig.cli.shared import LAYOUT, AsJson, print_json
from emulation.rig.environment import separate
from emulation.rig.errors import RigError
from emulation.rig.host.processes import PRIVATE_UMASK
from emulation.rig.waiting import INTERRUPTED
from toolchain import terraform as terraform_program
from toolchain.errors import ToolchainError
from toolchain.shared_provider import shared_provider
from toolchain.terminal import spell_out

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AWS, Discord and the GPU fleet on one machine: start it, use it, watch it, stop it.",
)
app.command()(stack.up)
for command in (stack.down, stack.register, stack.snapshot, stack.status, stack.logs):
    app.command()(command)
app.command()(rights.rights)
for drawing in (pictures.send, pictures.demo):
    app.command()(drawing)
app.add_typer(chaos.app, name="chaos")
app.add_typer(fleet.app, name="fleet")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show what this machine can do, how to get what it lacks, and which target to use."""
    found = examination.advise(examination.all_checks(LAYOUT))
    if as_json:
        print_json(asdict(found))
    else:
        sys.stdout.write(found.as_text())
    if found.target is None:
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def terraform(context: typer.Context) -> None:
    """Run Terraform on the root module, with the program and provider that were set up."""
    program = terraform_program.find(LAYOUT.cache)
    if program is None:
        raise RigError("Terraform is not set up. Run: make setup")
    words = [str(program), f"-chdir={LAYOUT.infra}", *context.args]
    env = terraform_program.environment(LAYOUT.terraform_data)
    with shared_provider(LAYOUT) as provider:
        status = subprocess.run(words, env=env | provider, check=False).returncode
    raise typer.Exit(status)


def _run() -> None:
    """Run the command that the command line names, and end with its exit status.

    Raises:
        KeyboardInterrupt: as Ctrl-C does; Typer would say "Aborted", with another status.
    """
    try:
        status = app(standalone_mode=False)
    except click.exceptions.Abort as error:
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt from error
        sys.exit(1)
    except click.ClickException as error:
        rich_utils.rich_format_error(error)
        status = error.exit_code
    sys.exit(status if isinstance(status, int) else 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """What Ctrl-C does: waits of all threads end, then the command."""
    INTERRUPTED.set()
    signal.default_int_handler(number, frame)


def main() -> None:
    """Run the command line; an error of the rig's own is a message, not a traceback.

    Whatever it writes is its owner's alone.
    """
    os.umask(PRIVATE_UMASK)
    spell_out()
    separate(os.environ)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        _run()
    except (RigError, ToolchainError) as error:
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt from error
        console = Console(stderr=True)
        console.print("[bold red]Error:[/]", escape(str(error)), highlight=False, soft_wrap=True)
        sys.exit(1)
