"""`python -m emulation chaos`: switch faults of the stand-in on and off."""

from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from discord_stand_in.chaos import Fault, FaultName
from emulation.rig import report
from emulation.rig.cli.shared import AsJson, StateDir, print_json, running_stack, setting
from emulation.rig.errors import RigError
from emulation.rig.stand_in_client import StandInClient

app = typer.Typer(no_args_is_help=True, help="Faults of the stand-in for Discord.")

Name = Annotated[str, typer.Argument(help="One of: " + ", ".join(get_args(FaultName)))]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="name=value, as in seconds=5, path=/webhooks/, status=502."),
]


@app.command("list")
def list_faults(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show the faults that are switched on, and how often each struck."""
    _show(_stand_in(state_dir).chaos(), as_json=as_json)


@app.command()
def on(
    name: Name,
    probability: Annotated[float, typer.Option(min=0, max=1, help="Of each request.")] = 1.0,
    duration: Annotated[float | None, typer.Option(help="Seconds until it ends.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Hits until it ends.")] = None,
    settings: Settings = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Switch a fault on, beside those that are on already."""
    fault: dict[str, object] = {"probability": probability}
    fault |= {"duration_seconds": duration} if duration is not None else {}
    fault |= {"count": count} if count is not None else {}
    fault |= dict(setting(text, "seconds=5", text_allowed=True) for text in settings or [])
    stand_in = _stand_in(state_dir)
    _show(stand_in.set_chaos(_switched_on(stand_in) | {name: fault}), as_json=as_json)


@app.command()
def off(
    name: Annotated[str | None, typer.Argument(help="A fault; all of them if not named.")] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Switch a fault, or all faults, off."""
    stand_in = _stand_in(state_dir)
    kept = _switched_on(stand_in) if name else {}
    if name and name not in kept:
        raise RigError(f"{name} is not switched on")
    kept.pop(name or "", None)
    _show(stand_in.set_chaos(kept), as_json=as_json)


def _stand_in(state_dir: Path | None) -> StandInClient:
    return StandInClient(running_stack(state_dir).discord_url)


def _switched_on(stand_in: StandInClient) -> dict[str, dict[str, object]]:
    """The settings of the faults that are on, without their hits and ends."""
    return {
        name: {key: value for key, value in fault.items() if key in Fault.model_fields}
        for name, fault in stand_in.chaos()["faults"].items()
        if not fault.get("over")
    }


def _show(chaos: dict[str, dict[str, dict[str, object]]], *, as_json: bool) -> None:
    if as_json:
        print_json(chaos)
        return
    if not chaos["faults"]:
        Console().print("A good day: no fault is switched on.")
        return
    rows = [
        (name, *(str(fault.get(key)) for key in ("probability", "hits", "over")))
        for name, fault in chaos["faults"].items()
    ]
    report.table(Console(), ("fault", "probability", "hits", "over"), rows)
