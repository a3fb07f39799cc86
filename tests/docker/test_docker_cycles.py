"""A stack that goes up and down again and again leaves nothing behind.

What costs most of a start, Terraform's apply, is left out: it makes nothing on this machine. A
container stands for the tasks that the fleet agent starts, with their label, network and volume.
"""

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from engine_facts import IMAGES

from emulation.rig.docker import engine, stack
from emulation.rig.docker.compose import (
    PROJECT_LABEL,
    SERVICE_LABEL,
    Compose,
    containers,
    project_of,
)
from emulation.rig.loopback import choose_port
from emulation.rig.state import StateFolder
from tests.container_stack import leftovers, service_container
from toolchain import docker
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
CYCLES = 10
SERVICES = ("emulator", "discord")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    folder = StateFolder(tmp_path)
    yield folder
    stack.stop(LAYOUT, folder)


def engine_processes(containers: list[str], ports: Iterable[str]) -> list[str]:
    """Names of the engine's own processes for containers, and for published ports."""
    found = []
    for one in psutil.process_iter(["name", "cmdline"]):
        words = set(one.info["cmdline"] or ())
        is_ports = one.info["name"] == "docker-proxy" and words & set(ports)
        if is_ports or words & set(containers):
            found.append(str(one.info["name"]))
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_ten_times_up_and_down_leave_nothing(folder: StateFolder) -> None:
    project = project_of(LAYOUT.root, folder)
    aws = choose_port()
    chosen = {"AWS_PORT": str(aws), "DISCORD_PORT": str(choose_port(taken=aws))}
    socket_path = engine.socket_path()
    settings = {"DOCKER_SOCKET": str(socket_path), "DOCKER_GID": engine.socket_group(socket_path)}
    compose = Compose(LAYOUT.root, project, chosen | settings)
    for _ in range(CYCLES):
        compose.up(*SERVICES)
        start_task(project)
        running = docker.containers_with(f"{PROJECT_LABEL}={project}")
        assert len(running) == len(SERVICES) + 1
        assert not any(is_free(int(port)) for port in chosen.values())
        assert engine_processes(running, chosen.values())
        assert stack.stop(LAYOUT, folder)
        assert leftovers(project) == []
        assert all(is_free(int(port)) for port in chosen.values())
        assert engine_processes(running, chosen.values()) == []


def test_a_foreign_container_of_the_same_image_does_not_belong_to_the_stack(
    folder: StateFolder,
) -> None:
    project = project_of(LAYOUT.root, folder)
    # As an image says that Compose built for the stack.
    labels = (f"{PROJECT_LABEL}={project}", f"{SERVICE_LABEL}=emulator")
    words = [word for label in labels for word in ("--label", label)]
    stranger = docker.run(
        *("run", "--detach", *words, "--entrypoint", "sleep", IMAGES["emulator"], "600")
    ).strip()
    try:
        assert containers(project) == []
        assert not stack.stop(LAYOUT, folder)
        Compose(LAYOUT.root, project).down()
        assert stranger in docker.containers_with(labels[0], running=True)
    finally:
        docker.run("rm", "--force", stranger)


def start_task(project: str) -> None:
    """A container as the fleet agent starts them; it does nothing but run."""
    network = f"container:{service_container(project, 'emulator')}"
    docker.run(
        *("run", "--detach", "--network", network, "--volume", f"{project}_cache:/cache"),
        *("--label", f"{stack.STACK_LABEL}={project}", "--label", f"{PROJECT_LABEL}={project}"),
        *("--entrypoint", "sleep"),
        *(IMAGES["rig"], "600"),
    )
