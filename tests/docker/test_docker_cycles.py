"""A stack that goes up and down again and again leaves nothing behind.

What costs most of a start, Terraform's apply, is left out: it makes nothing on this machine. A
container stands for the tasks that the fleet agent starts, with their label, network and volume.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from engine_facts import IMAGES, leftovers

from emulation.bootstrap.layout import Layout
from emulation.docker import client, engine_socket, stack
from emulation.docker.compose import Compose, project_of
from emulation.stack import ports
from emulation.stack.state import StateFolder
from tests.container_stack import service_container

LAYOUT = Layout.of_this_checkout()
CYCLES = 10
SERVICES = ("emulator", "discord")
ENGINES_OWN = ("containerd-shim", "docker-proxy")
"""What the names of its processes begin with: one for each container, one for each port."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    folder = StateFolder(tmp_path)
    yield folder
    stack.stop(LAYOUT, folder)


def engine_processes() -> int:
    """How many processes the engine has for containers and for published ports."""
    names = [one.info["name"] or "" for one in psutil.process_iter(["name"])]
    return sum(name.startswith(ENGINES_OWN) for name in names)


def volumes_and_networks() -> set[str]:
    """Every one that the engine has, by name."""
    return {
        name
        for kind in ("volume", "network")
        for name in client.docker(kind, "ls", "--format", "{{.Name}}").split()
    }


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_ten_times_up_and_down_leave_nothing(folder: StateFolder) -> None:
    project = project_of(LAYOUT.root, folder)
    before = volumes_and_networks(), engine_processes(), client.docker("ps", "--all", "--quiet")
    aws = ports.choose(0)
    chosen = {"AWS_PORT": str(aws), "DISCORD_PORT": str(ports.choose(0, taken=aws))}
    socket_path = engine_socket.path()
    engine = {"DOCKER_SOCKET": str(socket_path), "DOCKER_GID": engine_socket.group(socket_path)}
    compose = Compose(LAYOUT.root, project, chosen | engine)
    for _ in range(CYCLES):
        compose.up(*SERVICES)
        assert not is_free(aws)
        start_task(project)
        assert stack.stop(LAYOUT, folder)
        assert leftovers(project) == []
        assert [port for port in chosen.values() if not is_free(int(port))] == []
    after = volumes_and_networks(), engine_processes(), client.docker("ps", "--all", "--quiet")
    assert after == before


def start_task(project: str) -> None:
    """A container as the fleet agent starts them; it does nothing but run."""
    network = f"container:{service_container(project, 'emulator')}"
    client.docker(
        *("run", "--detach", "--network", network, "--volume", f"{project}_cache:/cache"),
        *("--label", f"{stack.STACK_LABEL}={project}", "--entrypoint", "sleep"),
        *(IMAGES["rig"], "600"),
    )
