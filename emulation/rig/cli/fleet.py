"""`python -m emulation fleet`: show the emulated GPU fleet, and let parts of it fail."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from emulation.rig import report
from emulation.rig.cli.shared import AsJson, StateDir, print_json, running_stack, setting
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.errors import RigError
from emulation.rig.status import fleet_status

app = typer.Typer(no_args_is_help=True, help="The emulated GPU fleet: its state, and its failures.")

Instance = Annotated[str | None, typer.Argument(help="An instance; any one if not named.")]
Task = Annotated[str | None, typer.Argument(help="A task, or its first letters; any that runs.")]
Group = Annotated[str | None, typer.Option(help="An Auto Scaling group; all if not named.")]
Reason = Annotated[
    str, typer.Option(help="capacity, quota or spot, as AWS words them; or a text of your own.")
]
FaultName = Annotated[
    str, typer.Argument(help="no-registration, agent-disconnected, image-pull or no-gpu.")
]
Switch = Annotated[Literal["on", "off"], typer.Argument(help="on or off.")]
Changes = Annotated[
    list[str] | None,
    typer.Argument(help="name=value, as in speed=60, pull_seconds=300, first_scale_out=0."),
]


@app.command()
def show(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show tasks, instances, alarms and the last scaling activities."""
    fleet = fleet_status(running_stack(state_dir))
    if fleet is None:
        raise RigError("The fleet does not answer. See: make local-status")
    if as_json:
        print_json(asdict(fleet))
    else:
        report.fleet_status(Console(), fleet)


@app.command()
def interrupt(instance: Instance = None, state_dir: StateDir = None) -> None:
    """Begin a Spot interruption: recommendation, notice, and the end two AWS minutes later."""
    _agent(state_dir).change("interrupt", instance=instance)
    Console().print("A Spot instance is being interrupted.")


@app.command("deny-capacity")
def deny_capacity(
    reason: Reason = "capacity", group: Group = None, state_dir: StateDir = None
) -> None:
    """Let launches fail from now on."""
    _agent(state_dir).change("deny-capacity", reason=reason, group=group)
    Console().print("AWS has no instance to give, until: fleet allow-capacity")


@app.command("allow-capacity")
def allow_capacity(group: Group = None, state_dir: StateDir = None) -> None:
    """Let launches succeed again."""
    _agent(state_dir).change("allow-capacity", group=group)
    Console().print("AWS has instances to give.")


@app.command("crash-task")
def crash_task(task: Task = None, state_dir: StateDir = None) -> None:
    """Kill a worker's process, as a crash would."""
    agent = _agent(state_dir)
    running = [found["task"] for found in agent.state()["tasks"] if found["status"] == "RUNNING"]
    chosen = next((name for name in running if name.startswith(task or "")), None)
    if chosen is None:
        raise RigError(f"No task {task or ''} runs; these do: {', '.join(running) or 'none'}")
    agent.change("crash-task", task=chosen)
    Console().print(f"Killed task {chosen}.", highlight=False)


@app.command()
def fault(name: FaultName, switch: Switch, state_dir: StateDir = None) -> None:
    """Switch a fault of the whole fleet on or off."""
    state = _agent(state_dir).change("fault", fault=name, on=switch == "on")
    Console().print(f"Faults: {', '.join(state['faults']) or 'none'}.", highlight=False)


@app.command()
def settings(changes: Changes = None, state_dir: StateDir = None) -> None:
    """Show how the emulated AWS behaves, after changing some of it."""
    agent = _agent(state_dir)
    given = dict(setting(change, "speed=60") for change in changes or [])
    state = agent.change("settings", **given) if given else agent.state()
    print_json(state["settings"])


def _agent(state_dir: Path | None) -> FleetAgentClient:
    return FleetAgentClient(running_stack(state_dir).aws_endpoint)
