"""`python -m emulation send|demo`: send an `/imagine` through a stack and save its pictures."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from emulation.rig import report
from emulation.rig.cli.shared import (
    LAYOUT,
    AsJson,
    AwsPort,
    DiscordPort,
    EmulatorName,
    StateDir,
    print_json,
    running_stack,
)
from emulation.rig.cli.stack import start_stack
from emulation.rig.errors import AnswerError, RigError
from emulation.rig.host import stack as host
from emulation.rig.host.debugging import ANSWER_SECONDS
from emulation.rig.logs import tracebacks
from emulation.rig.options import Emulator, StackOptions
from emulation.rig.stand_in_client import Answer, StandInClient
from emulation.rig.state import LEAST_FREE_TO_DRAW, StackState, StateFolder
from toolchain.display import Display

_DEMO = {"prompt": "a red circle on a blue background", "seed": 42}
_DEFAULTS = StackOptions()
_LOG_SECONDS = 0.5
"""How much later than the answer a function's log may arrive."""
_out = Console()
Out = Annotated[Path, typer.Option(envvar="RIG_OUT", help="Folder for the pictures.")]
Timeout = Annotated[
    float, typer.Option(min=1, envvar="RIG_TIMEOUT", help="Seconds to wait for the pictures.")
]


def send(
    prompt: Annotated[str, typer.Option(envvar="RIG_PROMPT", help="What to draw.")] = "",
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
    lora: Annotated[
        str | None, typer.Option(envvar="RIG_LORA", help="LoRAs: name:weight, up to three.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(envvar="RIG_MODEL", help="One of the stack's models, by name.")
    ] = None,
    out: Out = Path("build/pictures"),
    timeout: Timeout = 120,
    user: Annotated[str | None, typer.Option(help="Id of the user who sends it.")] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Send a signed /imagine through the running stack and save the pictures."""
    if not prompt.strip():
        raise RigError('There is nothing to draw. Say what: make send PROMPT="a red circle"')
    given: dict[str, object] = {"prompt": prompt, "seed": seed, "images": count, "steps": steps}
    given |= {"guidance": guidance, "negative_prompt": negative_prompt, "lora": lora}
    given |= {"model": model}
    options = {name: value for name, value in given.items() if value is not None}
    state = running_stack(state_dir)
    if state.live:
        raise RigError(f"This stack serves {state.live.guild_name}: send /imagine there.")
    _check_folder(out)
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    if state.target == host.TARGET:
        folder.check_space(LEAST_FREE_TO_DRAW)
    if state.options.get("debug"):
        timeout = max(timeout, ANSWER_SECONDS)
    stand_in = StandInClient(state.discord_url, timeout)
    started, since = time.monotonic(), time.time()
    try:
        interaction = stand_in.send("imagine", options, **({"user_id": user} if user else {}))
        answer = stand_in.wait_for_pictures(interaction, timeout, None if as_json else report.live)
    except AnswerError:
        _print_tracebacks(state, folder, since)
        raise
    seconds = time.monotonic() - started
    paths = answer.save(out)
    if as_json:
        found = {"interaction_id": interaction, "seconds": round(seconds, 3)}
        print_json({**found, "content": answer.content, "pictures": [str(p) for p in paths]})
    else:
        report.pictures(_out, paths, seconds)


def _check_folder(out: Path) -> None:
    """Make the folder for the pictures, before anything is drawn.

    Raises:
        RigError: nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise RigError(
            f"No pictures can be saved in {out} ({error.strerror}). Name another folder: OUT="
        ) from error


def _print_tracebacks(state: StackState, folder: StateFolder, since: float) -> None:
    """Print what functions and workers of a stack on this machine have raised."""
    if state.target == host.TARGET:
        time.sleep(_LOG_SECONDS)
        for raised in tracebacks(state, folder, since):
            sys.stderr.write(f"{raised}\n\n")


def demo(
    out: Out = Path("build/demo"),
    timeout: Timeout = 120,
    aws_port: AwsPort = _DEFAULTS.aws_port,
    discord_port: DiscordPort = _DEFAULTS.discord_port,
    emulator: EmulatorName = None,
    state_dir: StateDir = None,
) -> None:
    """Start the stack if need be, send an /imagine through it, show the pictures' paths."""
    options = StackOptions(
        aws_port=aws_port,
        discord_port=discord_port,
        emulator=(emulator or Emulator.LOCALSTACK).value,
    )
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    _check_folder(out)
    state = start_stack(options, folder, given=("emulator",) if emulator else ())
    if state.live:
        raise RigError(f"This stack serves {state.live.guild_name}: send /imagine there.")
    stand_in = StandInClient(state.discord_url)

    def draw() -> Answer:
        return stand_in.wait_for_pictures(stand_in.send("imagine", _DEMO), timeout)

    with Display() as display:
        paths = display.run(f"/imagine prompt:{_DEMO['prompt']}", draw).save(out)
    report.pictures(_out, paths)
    report.addresses(_out, state)
    report.next_steps(_out)
