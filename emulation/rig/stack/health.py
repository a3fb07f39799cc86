"""Which processes of a stack are alive, and which answer."""

from dataclasses import dataclass

import httpx

from emulation.aws.launch import HEALTH_PATH
from emulation.rig.stack import processes
from emulation.rig.stack.state import StackState


@dataclass(frozen=True)
class ProcessHealth:
    """One line of the status."""

    name: str
    pid: int
    alive: bool
    log: str


def all_alive(state: StackState) -> bool:
    """Whether every process lives and both servers answer."""
    if any(processes.find(record) is None for record in state.processes):
        return False
    return _answers(state.aws_endpoint + HEALTH_PATH) and _answers(f"{state.discord_url}/healthz")


def of_processes(state: StackState) -> list[ProcessHealth]:
    """The health of each process."""
    return [
        ProcessHealth(one.name, one.pid, processes.find(one) is not None, one.log)
        for one in state.processes
    ]


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
