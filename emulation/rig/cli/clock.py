"""`python -m emulation advance`: let time pass at once in the emulated AWS and in Discord."""

from typing import Annotated

import typer
from rich.console import Console

from emulation.rig.cli.shared import StateDir, running_stack
from emulation.rig.emulator_client import advance as advance_emulator

Minutes = Annotated[
    float, typer.Option(envvar="RIG_MINUTES", min=0.01, help="Minutes to pass, at most 31 days.")
]


def advance(minutes: Minutes = 15.0, state_dir: StateDir = None) -> None:
    """Let minutes pass at once: what is due within them happens at its moment, in order."""
    moments = advance_emulator(running_stack(state_dir).aws_endpoint, minutes * 60)
    happened = ", ".join(f"{count} of {name}" for name, count in sorted(moments.items()))
    Console().print(
        f"{minutes:g} minutes have passed. Moments: {happened or 'none'}.", highlight=False
    )
