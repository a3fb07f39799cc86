"""The command line of the rig, from its groups of commands."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from types import FrameType
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from emulation.rig import doctor as examination
from emulation.rig.cli import chaos, clock, fleet, pictures, rights, stack
from emulation.rig.cli.shared import LAYOUT, AsJson, print_json
from emulation.rig.environment import separate
from emulation.rig.errors import RigError
from emulation.rig.host.processes import PRIVATE_UMASK
from emulation.rig.waiting import INTERRUPTED, INTERRUPTED_STATUS
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
app.command()(clock.advance)
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


_FULL = "Free some space, then run it again."
_REFUSED = "Look who may write there, then run it again."
_OF_THE_MACHINE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _REFUSED),
}
"""What to do about errors of the person's machine, by their numbers."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """What Ctrl-C does: waits of all threads end, then the command.

    It is no KeyboardInterrupt, which Typer would call "Aborted", with another status.
    """
    INTERRUPTED.set()
    sys.exit(INTERRUPTED_STATUS)


def main() -> None:
    """Run the command line; an error of the rig's own is a message, not a traceback.

    Whatever it writes is its owner's alone.
    """
    os.umask(PRIVATE_UMASK)
    spell_out()
    separate(os.environ)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
    except (RigError, ToolchainError) as error:
        if INTERRUPTED.is_set():
            sys.exit(INTERRUPTED_STATUS)
        _fail(str(error))
    except OSError as error:
        remedy = _OF_THE_MACHINE.get(error.errno or 0)
        if remedy is None:
            raise
        what = error.filename or "a file"
        _fail(f"{error.strerror}: {what} could not be written. {remedy}")


def _fail(text: str) -> NoReturn:
    console = Console(stderr=True)
    console.print("[bold red]Error:[/]", escape(text), highlight=False, soft_wrap=True)
    sys.exit(1)
