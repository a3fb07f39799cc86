"""A stack's state is read back as written, and a stale record never matches another process."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from emulation.rig.host import processes
from emulation.rig.host import stack as host
from emulation.rig.host.processes import task_environment
from emulation.rig.loopback import LOOPBACK, choose_port
from emulation.rig.state import ProcessRecord, StackState, StateFolder
from emulation.rig.waiting import wait_until

SLEEPER = "import time; time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "stack")


def spawn(folder: StateFolder, code: str, name: str = "worker-1") -> ProcessRecord:
    command = [sys.executable, "-c", code]
    return processes.spawn(
        name, command, os.environ, folder.logs / f"{name}.log", folder.path.parent
    )


def test_the_state_is_read_back_as_it_was_written(folder: StateFolder) -> None:
    state = StackState(target="host", queue_url="http://127.0.0.1/q").with_process(
        ProcessRecord("worker-1", 1, 2.5, "log")
    )
    folder.save(state)
    assert folder.load() == state


def test_nobody_else_reads_the_folder_of_a_stack(folder: StateFolder) -> None:
    folder.path.mkdir(mode=0o755)
    folder.save(StackState(target="host"))
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_nobody_else_reads_what_a_process_of_a_stack_writes(folder: StateFolder) -> None:
    written = folder.logs / "written"
    code = f"import pathlib; pathlib.Path({str(written)!r}).write_text('x'); print('y')"
    process = spawn(folder, code)
    wait_until(lambda: processes.find(process) is None, "it has ended")
    for path in (written, Path(process.log)):
        assert path.stat().st_size > 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.logs.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"processes": 3}', '{"processes": [], "x": 1}']
)
def test_a_damaged_state_file_counts_as_none(folder: StateFolder, content: str) -> None:
    folder.path.mkdir()
    folder.stack_file.write_text(content)
    assert folder.load() is None


def test_a_record_does_not_match_another_process_with_the_same_pid() -> None:
    me = psutil.Process()
    mine = ProcessRecord("me", me.pid, me.create_time(), "log")
    assert processes.find(mine) == me
    assert processes.find(replace(mine, started_at=mine.started_at - 60)) is None


def test_stopping_ends_children_too_and_keeps_only_the_logs(folder: StateFolder) -> None:
    record = spawn(folder, PARENT)
    folder.save(StackState(target="host").with_process(record))
    parent = psutil.Process(record.pid)
    while not parent.children():
        assert parent.is_running()
    child = parent.children()[0]
    assert host.stop(folder) is not None
    assert not child.is_running()
    assert processes.find(record) is None
    assert [path.name for path in folder.path.iterdir()] == ["logs"]


def test_a_process_that_ignores_sigterm_is_killed(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_TERMINATE_SECONDS", 0.5)
    record = spawn(folder, STUBBORN)
    while "ready" not in Path(record.log).read_text():
        assert processes.find(record)
    processes.terminate((record,))
    assert processes.find(record) is None


def test_stopping_nothing_is_no_error(folder: StateFolder) -> None:
    assert host.stop(folder) is None
    assert not folder.path.exists()


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with subprocess.Popen([sys.executable, "-m", "http.server", "0", "--bind", LOOPBACK]) as server:
        try:
            process = psutil.Process(server.pid)
            while not (taken := [c.laddr.port for c in process.net_connections("tcp")]):
                assert server.poll() is None
            assert choose_port(taken[0]) != taken[0]
        finally:
            server.kill()
    assert choose_port(taken[0], taken=taken[0]) != taken[0]


def test_a_state_of_another_version_still_names_its_processes(folder: StateFolder) -> None:
    state = StackState(target="host").with_process(ProcessRecord("worker-1", 1, 2.5, "log"))
    folder.save(state)
    content = json.loads(folder.stack_file.read_text()) | {"field_of_tomorrow": 1}
    folder.stack_file.write_text(json.dumps(content))
    assert folder.load() == state


def test_threads_of_a_task_wait_without_spinning_unless_the_person_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert task_environment()["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert task_environment()["OMP_WAIT_POLICY"] == "active"
