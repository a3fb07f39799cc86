"""`make bench`: measures functions, worker and page; prints tables, writes build/bench.json."""

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
from rich.table import Table

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
SECONDS = 20.0
UNITS = {
    "handler": "milliseconds",
    "worker": "seconds a job, share of it",
    "burst": "200 requests of 50 users, 4 clients, one worker draws; milliseconds",
    "fair_order": "seconds to the pictures, one worker",
    "page": "milliseconds",
}
LAYOUT = Layout.of_this_checkout()


def main() -> None:
    """Measure the handler, the request path, the worker and the channel page, in this order."""
    machine = Machine.current()
    load_before = os.getloadavg()[0]
    with Display() as display:
        result: dict[str, Any] = {
            "machine": machine.as_json(),
            "load_before": round(load_before, 2),
            "handler": display.run("handler: cold start", handler.cold_start_ms)
            | {
                f"in_process_{name}": value
                for name, value in display.run(
                    "handler: in process", handler.in_process_latency
                ).items()
            },
            **_measure_on_a_stack(display),
            "worker": display.run("worker: overhead", worker.worker_overhead),
            "page": display.run(
                "page: open and scroll a long channel",
                page.measure,
            ),
        }
    path = LAYOUT.build / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    _print(result, machine)
    sys.stdout.write(f"\nWritten to {path.relative_to(LAYOUT.root)}\n")


def _measure_on_a_stack(display: Display) -> dict[str, Any]:
    folder = StateFolder(LAYOUT.build / "bench-stack")
    # The scaling loop as often as on AWS: each run reads all waiting jobs. No worker draws.
    fleet = FleetOptions(0, 0, speed=1)
    ports = {"aws_port": 0, "discord_port": 0}
    options = StackOptions(**ports, fleet=fleet, environment="bench", emulator=EMULATOR)
    try:
        state, _ = host.start(LAYOUT, folder, options, display)
        fair = display.run("fair order", lambda: _measure_fair_order(state, folder))
        asked_at_once = display.run("burst", lambda: _measure_burst(state, folder))
        return {
            "request_path": _measure_request_path(display, state),
            "burst": asked_at_once,
            "fair_order": fair,
        }
    finally:
        host.stop(folder)


def _measure_request_path(display: Display, state: StackState) -> list[dict[str, Any]]:
    """Every kind of interaction with one client, and `/imagine` with more."""
    url = state.interactions_url
    kinds = request_path.interaction_kinds(request_path.accepted_job_id(url))
    for kind, make_payload in kinds.items():
        # Starts the functions' processes.
        request_path.measure(url, kind, make_payload, clients=4, seconds=1)

    def measure(kind: str, clients: int) -> dict[str, Any]:
        cancel = partial(request_path.cancel_waiting_jobs, state)
        display.run(f"request path: {kind}: jobs end", cancel)
        run = partial(request_path.measure, url, kind, kinds[kind], clients, SECONDS)
        return asdict(display.run(f"request path: {kind}, {clients} clients", run))

    runs = [(kind, 1) for kind in kinds] + [("/imagine", clients) for clients in CLIENTS[1:]]
    return [measure(kind, clients) for kind, clients in runs]


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


def _print(result: dict[str, Any], machine: Machine) -> None:
    console = Console()
    console.print(f"\n{machine} (load before: {result['load_before']})\n")
    for title in ("handler", "worker", "burst", "fair_order", "page"):
        table = Table(
            title=f"{title.replace('_', ' ')} ({UNITS[title]})", box=None, title_justify="left"
        )
        table.add_column("figure")
        table.add_column("value", justify="right")
        for name, value in result[title].items():
            table.add_row(name.replace("_", " "), str(value))
        console.print(table)
    table = Table(title="signed requests through API Gateway, Lambda, DynamoDB and SQS", box=None)
    for name in result["request_path"][0]:
        table.add_column(name.replace("_", " "), justify="right")
    for row in result["request_path"]:
        table.add_row(*map(str, row.values()))
    console.print(table)


if __name__ == "__main__":
    main()
