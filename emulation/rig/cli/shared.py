"""What the groups of commands share: options, the running stack, JSON, name=value arguments."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from emulation.rig.docker import stack as containers
from emulation.rig.docker.compose import project_of
from emulation.rig.errors import RigError, StackNotRunningError
from emulation.rig.options import Emulator
from emulation.rig.state import StackState, StateFolder
from toolchain.errors import DockerError
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()

StateDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the stack (default: $DISCORD_DIFFUSION_STATE_DIR, else .local)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AwsPort = Annotated[int, typer.Option(help="Port of the emulator; a free one if taken.")]
EmulatorName = Annotated[
    Emulator | None,
    typer.Option(
        "--emulator",
        envvar="RIG_EMULATOR",
        help="LocalStack, the default, or its fork LocalEmu (host alone).",
    ),
]
DiscordPort = Annotated[int, typer.Option(help="Port of the stand-in; a free one if taken.")]


def running_stack(state_dir: Path | None) -> StackState:
    """The state of the running stack.

    Raises:
        StackNotRunningError: there is none.
    """
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    state = folder.load()
    if state is None:
        # `docker compose up` starts a stack without a state file here.
        with suppress(DockerError):
            state = containers.find(project_of(LAYOUT.root, folder))
    if state is None or not state.ready:
        raise StackNotRunningError
    return state


def print_json(content: object) -> None:
    """Print JSON for other programs."""
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def setting(argument: str, example: str, *, text_allowed: bool = False) -> tuple[str, object]:
    """The name and the JSON value of an argument name=value.

    Raises:
        RigError: it is not of that form, or its value is text and `text_allowed` is false.
    """
    name, separator, value = argument.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        if separator and text_allowed:
            return name, value
    needed = "name=value is needed" if text_allowed else "a name and a number are needed"
    raise RigError(f"{argument!r}: {needed}, as in {example}")
