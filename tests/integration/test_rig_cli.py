"""The rig from the command line, as a person uses it: up, again, half dead, down."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from emulation.rig.docker import stack as containers
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from emulation.rig.waiting import wait_until
from emulation.rig.watcher import replace_workers
from tests import container_stack, forked_programs
from tests.stack import ANSWER_SECONDS, LAYOUT
from tests.targets import AWS, DOCKER, TARGET
from toolchain import docker

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(TARGET == AWS, reason="the rig has no target aws"),
]


class Rig:
    """Runs `python -m emulation` on a stack of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = StateFolder(folder)

    def run(self, *words: str, status: int = 0) -> str:
        command = ["emulation", *words, "--state-dir", str(self.folder.path)]
        ended = forked_programs.run(command, os.environ, LAYOUT.root)
        assert ended.returncode == status, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr if status else ended.stdout

    def up(self) -> dict[str, object]:
        """Start the stack, by a program that the interpreter itself starts."""
        options = ("--aws-port", "0", "--discord-port", "0", "--runtime", TARGET)
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "emulation", "up", *options, "--json"),
                *("--state-dir", str(self.folder.path)),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=LAYOUT.root,
            timeout=600,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        state: dict[str, object] = json.loads(ended.stdout)
        return state

    @property
    def state(self) -> StackState:
        state = self.folder.load()
        assert state is not None
        return state


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("rig") / "stack")
    yield rig
    rig.run("down")


def listening(state: StackState) -> set[int]:
    """Loopback ports on which the stack listens."""
    if state.target == DOCKER:
        return {urlsplit(url).port or 0 for url in (state.aws_endpoint, state.discord_url)}
    pids = family(state)
    return {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.pid in pids and connection.status == psutil.CONN_LISTEN
    }


def task_pids(rig: Rig) -> set[int]:
    """The fleet's worker processes, which are the emulator's children."""
    tasks = FleetAgentClient(rig.state.aws_endpoint).state()["tasks"]
    return {task["pid"] for task in tasks if task["pid"]}


def parts(state: StackState) -> dict[str, int]:
    """The stack's processes; of target `docker` the first one of each container."""
    if state.target == DOCKER:
        return {one.name: one.pid for one in containers.parts(state)}
    return {one.name: one.pid for one in state.processes}


def kill_emulator(state: StackState) -> None:
    """Kill a process, as a crash would."""
    [(name, pid)] = [part for part in parts(state).items() if "emulator" in part[0]]
    if state.target == DOCKER:
        docker.run("kill", name)
        docker.run("wait", name)
    else:
        os.kill(pid, signal.SIGKILL)


def family(state: StackState) -> set[int]:
    """Every process of the stack and their children."""
    if state.target == DOCKER:
        return set(parts(state).values())
    parents = [psutil.Process(one.pid) for one in state.processes]
    children = [child for parent in parents for child in parent.children(recursive=True)]
    return {process.pid for process in parents + children}


def test_commands_that_need_a_stack_name_the_command_that_starts_one(tmp_path: Path) -> None:
    lonely = Rig(tmp_path)
    for words in (["status"], ["send", "--prompt", "x"]):
        assert "make local-up" in lonely.run(*words, status=1)
    assert "No stack was running" in lonely.run("down")


def assert_fleet_commands_work(rig: Rig) -> None:
    """A capacity shortage while a worker dies, and its end."""
    assert "no instance" in rig.run("fleet", "deny-capacity", "--reason", "quota")
    assert "vCPU limit" in rig.run("fleet", "show").replace("\n", " ")
    assert "has instances" in rig.run("fleet", "allow-capacity")
    assert json.loads(rig.run("fleet", "show", "--json"))["denied"] == {}

    if TARGET == DOCKER:
        [name] = container_stack.tasks(rig.state)
        assert name.startswith(f"{rig.state.project}-worker-")
    [before] = task_pids(rig)
    assert "Killed task" in rig.run("fleet", "crash-task")
    wait_until(lambda: bool(task_pids(rig) - {before}), "another task runs")
    if TARGET == DOCKER:
        wait_until(lambda: name not in container_stack.tasks(rig.state), "its container is gone")
    assert "no such active instance" in rig.run("fleet", "interrupt", "i-0", status=1)
    assert "being interrupted" in rig.run("fleet", "interrupt")
    assert "spd" in rig.run("fleet", "settings", "spd=60", status=1)
    assert json.loads(rig.run("fleet", "settings", "pull_seconds=90"))["delays"]["pull_seconds"]


def assert_edited_workers_are_replaced(rig: Rig) -> None:
    """What the watcher does when code of the workers was edited: each ends, another starts."""
    wait_until(lambda: len(task_pids(rig)) == 1, "one worker runs")
    before = task_pids(rig)
    assert replace_workers(rig.state) == 1
    wait_until(lambda: bool(task_pids(rig)) and not task_pids(rig) & before, "another one runs")


def test_a_stack_is_started_used_and_stopped_by_commands(rig: Rig, tmp_path: Path) -> None:
    first = rig.up()
    for name in ("target", "aws_endpoint", "interactions_url", "discord_url", "queue_url"):
        assert first[name], name
    assert rig.up() == first, "a second up finds the stack that runs"

    StandInClient(rig.state.discord_url).set_answer_seconds(ANSWER_SECONDS)
    sent = json.loads(
        rig.run(
            "send", "--prompt", "a red circle", "--count", "2", "--out", str(tmp_path), "--json"
        )
    )
    assert [Path(path).exists() for path in sent["pictures"]] == [True, True]
    printed = rig.run("status")
    for text in ("in work", "1 desired, 1 running", "RUNNING", "InService"):
        assert text in printed, text
    shown = json.loads(rig.run("status", "--json"))["fleet"]
    assert (shown["desired"], shown["running"], shown["alarms"]["task-shortfall"]) == (1, 1, "OK")
    [task] = [one for one in shown["tasks"] if one["status"] == "RUNNING"]
    assert '"The worker is ready"' in rig.run("logs", task["log"])
    assert '"The worker is ready"' in rig.run("logs", "worker")
    assert task["log"] in rig.run("logs", "nobody", status=1)
    assert "REPORT" in rig.run("logs", "functions")
    assert "The backlog is measured" in rig.run("logs", "backlog")
    assert_fleet_commands_work(rig)

    if TARGET != DOCKER:
        assert_edited_workers_are_replaced(rig)

    unwritable = rig.run("send", "--prompt", "x", "--out", "/proc/pictures", status=1)
    assert "No pictures can be saved in /proc/pictures" in unwritable
    assert "Traceback" not in unwritable
    refused = rig.run("send", "--prompt", "x", "--steps", "101", status=1)
    assert "`steps` must be a whole number from 1 to 100" in refused

    rig.run("chaos", "on", "server_error", "--probability", "0.5", "--count", "1")
    rig.run("chaos", "on", "slow", "--set", "seconds=0.1", "--set", "path=/webhooks/")
    switched_on = json.loads(rig.run("chaos", "list", "--json"))["faults"]
    assert switched_on["slow"]["seconds"] == 0.1
    assert set(switched_on) == {"server_error", "slow"}
    assert "meteor" in rig.run("chaos", "on", "meteor", status=1)
    rig.run("chaos", "off", "slow")
    assert "A good day" in rig.run("chaos", "off")

    wait_until(lambda: bool(task_pids(rig)), "a task runs again")
    old, tasks = parts(rig.state), task_pids(rig)
    kill_emulator(rig.state)
    rig.up()
    assert not any(psutil.pid_exists(pid) for pid in old.values()), "a stack that died is replaced"
    assert not any(psutil.pid_exists(pid) for pid in tasks)
    if TARGET != DOCKER:
        assert rig.state.restored
        assert '"phase": "import", "seconds": 0.0' in rig.run("logs", "worker"), "it was imported"

    pids = family(rig.state)
    assert task_pids(rig) <= pids
    ports = listening(rig.state)
    assert len(ports) >= 2
    project = rig.state.project
    rig.run("down")
    assert not any(psutil.pid_exists(pid) for pid in pids)
    open_ports = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert not ports & {one.laddr.port for one in open_ports}
    left = [path.name for path in rig.folder.path.glob("*")]
    assert left == ([] if TARGET == DOCKER else ["logs"])
    if TARGET == DOCKER:
        assert container_stack.leftovers(project) == []
