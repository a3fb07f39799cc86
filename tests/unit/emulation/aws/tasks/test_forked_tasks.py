"""Tasks are forked where the emulator has a fork server for them, and started where not."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecs_fleet_emulator.errors import EmulatorEndingError
from ecs_fleet_emulator.processes.children import CHILDREN
from ecs_fleet_emulator.processes.fork_server import IS_POSSIBLE
from ecs_fleet_emulator.tasks import forked_tasks
from ecs_fleet_emulator.tasks.environment import TASK_ENVIRONMENT, TASK_FOLDER
from ecs_fleet_emulator.tasks.forked_tasks import ForkedTasks

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="nothing is forked here")

SERVER = """
import os, socket
requests = socket.socket(fileno=0)
open("started", "w").close()
while True:
    request, given, _, _ = socket.recv_fds(requests, 10000, 2)
    if not request:
        break
    report, output = given
    os.write(output, request + os.environ["CACHE"].encode())
    os.write(report, b"pid %d\\nstatus 0\\n" % os.getpid())
    os.close(report), os.close(output)
"""
"""Answers as a fork server does, without a fork."""


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ForkedTasks]:
    monkeypatch.setenv(forked_tasks.COMMAND, json.dumps([sys.executable, "-c", SERVER]))
    monkeypatch.setenv(TASK_FOLDER, str(tmp_path))
    monkeypatch.setenv(TASK_ENVIRONMENT, json.dumps({"CACHE": "cached"}))
    made = ForkedTasks()
    yield made
    if made._server:
        made._server.close()
        CHILDREN.wait(made._server.process)


def early_variables(tmp_path: Path) -> dict[str, str]:
    """Those that every task has."""
    return {"CACHE": "late"} | forked_tasks.inherited_variables()


def test_the_first_task_starts_the_server_whose_environment_is_that_of_all_tasks(
    tasks: ForkedTasks, tmp_path: Path
) -> None:
    for _ in range(2):
        output, theirs = os.pipe()
        process = tasks.fork(early_variables(tmp_path), theirs)
        os.close(theirs)
        assert process is not None
        with os.fdopen(output) as printed:
            assert '"CACHE": "late"' in printed.readline()
        assert process.wait() == 0


def test_it_starts_early_only_if_the_environment_says_so(
    tasks: ForkedTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forked_tasks.AT_START, "")
    tasks.start_early()
    assert tasks._server is None
    monkeypatch.setenv(forked_tasks.AT_START, "1")
    tasks.start_early()
    assert tasks._server is not None


def test_a_task_with_another_interpreter_or_without_a_server_is_started(
    tasks: ForkedTasks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert tasks.fork(early_variables(tmp_path) | {"PYTHONPATH": "/other"}, 1) is None
    monkeypatch.setenv(forked_tasks.COMMAND, "[]")
    assert ForkedTasks().fork(early_variables(tmp_path), 1) is None


def test_nothing_is_forked_while_the_emulator_ends(
    tasks: ForkedTasks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(CHILDREN, "_ending", True)
    with pytest.raises(EmulatorEndingError):
        tasks.fork(early_variables(tmp_path), 1)
