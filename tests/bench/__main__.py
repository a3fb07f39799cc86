"""`make bench`: measures functions, worker and page; shows each figure, writes build/bench.json."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import boto3
from rich.console import Console

from emulation.rig.emulator_client import client_options
from emulation.rig.host import stack as host
from emulation.rig.options import FleetOptions, StackOptions
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from tests.bench import burst, fair_order, handler, page, request_path, worker
from tests.bench.machine import Machine
from tests.stack import Stack, Workers
from tests.targets import EMULATOR
from toolchain.display import Display
from toolchain.layout import Layout

CLIENTS = (1, 4, 16)
SECONDS = 8.0
WIDTH = 100
UNITS = {
    "handler": "milliseconds",
    "worker": "seconds a job, share of it",
    "cold_burst": "12 clients, no process of a function runs; seconds",
    "burst": "200 requests of 50 users, 4 clients, one worker draws; milliseconds",
    "fair_order": "seconds to the pictures, one worker",
    "page": "milliseconds",
}
LAYOUT = Layout.of_this_checkout()


class Report:
    """What is measured: shown and written to build/bench.json as soon as it is known."""

    def __init__(self, machine: Machine) -> None:
        self._result: dict[str, Any] = {
            "machine": machine.as_json(),
            "load_before": round(os.getloadavg()[0], 2),
        }
        self._path = LAYOUT.build / "bench.json"
        self._path.parent.mkdir(exist_ok=True)
        self._console = Console(width=WIDTH, soft_wrap=True)
        self._console.print(f"{machine} (load before: {self._result['load_before']})")

    def add(self, title: str, figures: dict[str, Any]) -> None:
        """Add figures, by their names."""
        self._result.setdefault(title, {}).update(figures)
        unit = f" ({UNITS[title]})" if title in UNITS else ""
        self._show(f"{title.replace('_', ' ')}{unit}", figures)

    def add_row(self, title: str, row: dict[str, Any]) -> None:
        """Add one of several measurements of the same kind."""
        self._result.setdefault(title, []).append(row)
        self._show(title.replace("_", " "), row)

    def _show(self, title: str, figures: dict[str, Any]) -> None:
        text = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        load = os.getloadavg()[0]
        self._console.print(f"[bold]{title}[/]: {text} [dim](load {load:.1f})[/]", highlight=False)
        self._path.write_text(json.dumps(self._result, indent=2) + "\n")


def main() -> None:
    """Measure the handler, the request path, the worker and the channel page, in this order."""
    report = Report(Machine.current())
    with Display() as display:
        report.add("handler", display.run("handler: cold start", handler.cold_start_ms))
        latency = display.run("handler: in process", handler.in_process_latency)
        report.add("handler", {f"in_process_{name}": value for name, value in latency.items()})
        _measure_on_a_stack(display, report)
        report.add("worker", display.run("worker: overhead", worker.worker_overhead))
        report.add("page", display.run("page: open and scroll a long channel", page.measure))
    sys.stdout.write("\nWritten to build/bench.json\n")


def _measure_on_a_stack(display: Display, report: Report) -> None:
    folder = StateFolder(LAYOUT.build / "bench-stack")
    # The scaling loop as often as on AWS: each run reads all waiting jobs. No worker draws.
    fleet = FleetOptions(0, 0, speed=1)
    ports = {"aws_port": 0, "discord_port": 0}
    options = StackOptions(**ports, fleet=fleet, environment="bench", emulator=EMULATOR)
    try:
        state, _ = host.start(LAYOUT, folder, options, display)
        cold = partial(request_path.cold_burst, state.interactions_url)
        report.add("cold_burst", asdict(display.run("cold burst", cold)))
        display.run("jobs end", partial(request_path.cancel_waiting_jobs, state))
        fair = partial(_measure_fair_order, state, folder)
        report.add("fair_order", display.run("fair order", fair))
        report.add("burst", display.run("burst", partial(_measure_burst, state, folder)))
        _measure_request_path(display, state, report)
    finally:
        host.stop(folder)


def _measure_request_path(display: Display, state: StackState, report: Report) -> None:
    """Every kind of interaction with one client, and `/imagine` with more."""
    url = state.interactions_url
    kinds = request_path.interaction_kinds(request_path.accepted_job_id(url))
    for kind, make_payload in kinds.items():
        # Starts the functions' processes.
        request_path.measure(url, kind, make_payload, clients=4, seconds=1)
    emulator = request_path.ProcessorTime.of(state)

    def measure(kind: str, clients: int) -> dict[str, Any]:
        cancel = partial(request_path.cancel_waiting_jobs, state)
        display.run(f"request path: {kind}: jobs end", cancel)
        run = partial(request_path.measure, url, kind, kinds[kind], clients, SECONDS)
        before = emulator.seconds()
        row = asdict(display.run(f"request path: {kind}, {clients} clients", run))
        return row | {"emulator_ms": emulator.per_request_ms(before, row["requests"])}

    runs = [(kind, 1) for kind in kinds] + [("/imagine", clients) for clients in CLIENTS[1:]]
    for kind, clients in runs:
        report.add_row("request_path", measure(kind, clients))


def _measure_fair_order(state: StackState, folder: StateFolder) -> dict[str, Any]:
    with _one_worker(state, folder):
        return asdict(fair_order.measure(StandInClient(state.discord_url)))


def _measure_burst(state: StackState, folder: StateFolder) -> dict[str, Any]:
    with _one_worker(state, folder):
        return asdict(burst.measure(StandInClient(state.discord_url)))


@contextmanager
def _one_worker(state: StackState, folder: StateFolder) -> Iterator[None]:
    discord = StandInClient(state.discord_url)
    sqs = boto3.client("sqs", **client_options(state))
    workers = Workers(Stack(state, folder, discord, sqs))
    workers.start()
    try:
        yield
    finally:
        workers.end()


if __name__ == "__main__":
    main()
