"""The whole stack by testcontainers.compose, as `docker compose up --wait` starts it."""

import io
import os
import socket
from collections.abc import Iterator

import pytest
from engine_facts import ROOT
from PIL import Image
from testcontainers.compose import DockerCompose

from emulation.rig.docker.stack import find
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState
from tests.container_stack import leftovers
from toolchain import docker

PROJECT = f"discord-diffusion-test-{os.getpid()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def compose() -> Iterator[DockerCompose]:
    """The stack with a worker of the profile cpu, and no socket of the engine's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROJECT_NAME", PROJECT)
        patch.setenv("COMPOSE_PROFILES", "")
        patch.setenv("AWS_PORT", str(free_port()))
        patch.setenv("DISCORD_PORT", str(free_port()))
        compose = DockerCompose(ROOT, "docker-compose.yml", profiles=["cpu"], wait=True)
        with compose:
            yield compose
    assert leftovers(PROJECT) == []


@pytest.fixture(scope="module")
def state(compose: DockerCompose) -> StackState:
    found = find(PROJECT)
    assert found is not None
    return found


def test_a_signed_interaction_becomes_pictures(state: StackState) -> None:
    stand_in = StandInClient(state.discord_url)
    interaction = stand_in.send("imagine", {"prompt": "a red circle on a blue background"})
    answer = stand_in.wait_for_pictures(interaction, 60)
    assert [Image.open(io.BytesIO(one)).size for _, one in answer.pictures] == [(256, 256)] * 4


def test_a_worker_outside_of_the_fleet_runs_without_privileges(compose: DockerCompose) -> None:
    worker = compose.get_container("worker-cpu").ID
    assert worker is not None
    shown = docker.run("exec", worker, "cat", "/proc/1/status")
    status = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
    assert int(status["CapEff"].strip(), 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Uid"].split()[1] == "10001"


def test_a_second_start_deploys_again_and_keeps_what_runs(
    compose: DockerCompose, state: StackState
) -> None:
    before = compose.get_container("emulator").ID
    compose.start()
    assert before == compose.get_container("emulator").ID
    assert find(PROJECT) == state
