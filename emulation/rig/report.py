"""What the command line prints for people: status, addresses, pictures.

Discord's timestamps are put in words: a client counts them down, a terminal cannot.
https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emulation.rig.host import debugging
from emulation.rig.live.connection import Connection
from emulation.rig.state import LiveServer, ProcessHealth, StackState
from emulation.rig.status import FleetStatus, Instance, QueueDepths
from toolchain.layout import LOCALEMU, LOCALSTACK

_EMULATORS = {LOCALSTACK: "LocalStack", LOCALEMU: "LocalEmu"}
_COLOURS = {
    "OK": "green",
    "ALARM": "bold red",
    "RUNNING": "green",
    "running": "green",
    "ended": "bold red",
    "InService": "green",
}
_STAMP = re.compile(r"<t:(-?\d{1,12})(?::([tTdDfFR]))?>")
_MINUTE, _HOUR = 60, 3600
_STYLES = {
    "t": "%H:%M",
    "T": "%H:%M:%S",
    "d": "%Y-%m-%d",
    "D": "%Y-%m-%d",
    "F": "%A, %Y-%m-%d %H:%M",
}
_USUAL = "%Y-%m-%d %H:%M"


def addresses(console: Console, state: StackState) -> None:
    """Print the addresses of a stack, and the folder of its logs."""
    live = state.live
    discord = {"Discord (stand-in)": state.discord_url}
    if live:
        discord = {
            "Discord": f"the server {live.guild_name}",
            "Operations": f"{state.discord_url}/operations",
        }
    lines = {
        **discord,
        "Interactions": state.interactions_url,
        f"AWS ({_EMULATORS[state.options.get('emulator', LOCALSTACK)]})": state.aws_endpoint,
        "Queue": state.queue_url,
        **{f"Debug {name}": at for name, at in debugging.addresses(state.options).items()},
        "Logs": str(Path(state.processes[0].log).parent) if state.processes else "",
    }
    console.print()
    for name, value in lines.items():
        # An address is for copying: never wrapped, never cut.
        console.print(f"  {name:<20}{value}", highlight=False, soft_wrap=True)


def status(console: Console, processes: Sequence[ProcessHealth], queues: QueueDepths) -> None:
    """Print the processes and the depth of the queues."""
    rows = [
        (process.name, str(process.pid), "running" if process.alive else "ended", process.log)
        for process in processes
    ]
    table(console, ("process", "pid", "state", "log"), rows)
    shown = ["?" if value is None else str(value) for value in vars(queues).values()]
    console.print(f"\nQueue: {shown[0]} waiting, {shown[1]} in work, {shown[2]} dead")


def connection(console: Console, live: LiveServer, found: Connection) -> None:
    """Print how the connection to a real Discord fares."""
    since = f"connected since {found.connected_since}" if found.connected_since else "not connected"
    again = f", {found.reconnects} reconnects, the last at {found.last_reconnect}"
    answers = f"{found.answered} interactions answered, {found.unanswered} not"
    console.print(
        f"\nDiscord: {escape(live.guild_name)}, {since}{again if found.reconnects else ''};"
        f" {answers}",
        highlight=False,
    )
    if found.problem:
        console.print(f"[bold red]{escape(found.problem)}[/]", highlight=False, soft_wrap=True)


def live(text: str) -> None:
    """Print a message as the user reads it."""
    shown = with_readable_times(text, datetime.now().astimezone())
    Console().print(shown, markup=False, highlight=False, style="dim")


def pictures(console: Console, paths: Sequence[Path], seconds: float | None = None) -> None:
    """Print the paths of saved pictures."""
    after = f" after {seconds:.1f} s" if seconds is not None else ""
    console.print(f"\n{len(paths)} pictures{after}:")
    for path in paths:
        console.print(f"  {path}", highlight=False, soft_wrap=True)


def next_steps(console: Console) -> None:
    """Print commands to try next."""
    console.print('\nTry: make send PROMPT="a yellow star on a green background" COUNT=4')
    console.print("Stop: make local-down")


def fleet_status(console: Console, fleet: FleetStatus | None) -> None:
    """Print the service, its tasks, instances, alarms and last scaling activities."""
    if fleet is None:
        console.print("\nFleet: it does not answer")
        return
    counts = f"{fleet.desired} desired, {fleet.running} running, {fleet.pending} pending"
    console.print(f"\nFleet: {counts}")
    if crashes := fleet.crashes:
        console.print(f"[bold red]{escape(str(crashes))}[/]", highlight=False, soft_wrap=True)
        console.print(f"  make local-logs NAME={crashes.log}", highlight=False)
    for group, reason in fleet.denied.items():
        console.print(f"  no capacity for {group}: {reason}", highlight=False)
    protected = {True: "protected", False: ""}
    table(
        console,
        ("task", "state", "instance", "", "log"),
        [
            (task.id[:8], task.status, task.instance or "", protected[task.protected], task.log)
            for task in fleet.tasks
            if task.status != "STOPPED"
        ],
    )
    markets = {True: "Spot", False: "on demand"}
    table(
        console,
        ("instance", "state", "type", "", "cluster"),
        [
            (found.id, found.state, found.type, markets[found.spot], _membership(found))
            for found in fleet.instances
        ],
    )
    shown = [f"{name} {_coloured(state)}" for name, state in fleet.alarms.items() if state != "OK"]
    ok = list(fleet.alarms.values()).count("OK")
    console.print(f"\nAlarms: {', '.join([*shown, f'{ok} OK'])}", highlight=False)
    for activity in fleet.activities:
        mark = "" if activity.status == "Successful" else f" ({activity.status})"
        console.print(f"  {activity.at}  {escape(activity.text)}{mark}", highlight=False)


def _membership(instance: Instance) -> str:
    if not instance.joined:
        return ""
    return "draining" if instance.draining else "joined"


def table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; nothing where there is no row."""
    if not rows:
        return
    table = Table(box=None, padding=(0, 2))
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(_coloured(cell) for cell in row))
    console.print(table)


def _coloured(text: str) -> str:
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/]" if colour else escape(text)


def with_readable_times(text: str, now: datetime) -> str:
    """The text with its timestamps in words, by this machine's clock; `now` carries a zone."""
    return _STAMP.sub(lambda found: _words(int(found[1]), found[2], now), text)


def _words(seconds: int, style: str | None, now: datetime) -> str:
    moment = datetime.fromtimestamp(seconds, now.tzinfo)
    if style != "R":
        return moment.strftime(_STYLES.get(style or "", _USUAL))
    seconds_left = round((moment - now).total_seconds())
    length = _length(abs(seconds_left))
    return f"in {length}" if seconds_left >= 0 else f"{length} ago"


def _length(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{round(seconds / _HOUR)} h"
