"""The processes of a run are forks of one that has collected; they end however the run does."""

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ecs_fleet_emulator.processes.fork_server import IS_POSSIBLE
from emulation.rig.waiting import wait_until
from tests import lanes
from tests.heeded_signals import heed
from toolchain.layout import Layout

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="nothing is forked here")

Start = Callable[..., "subprocess.Popen[bytes]"]
ROOT = Layout.of_this_checkout().root
AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
IMPORTED = """
import os, pathlib, signal

HERE = pathlib.Path(__file__).parent
with (HERE / "imports").open("a") as imports:
    imports.write(f"{os.getpid()}\\n")

def note(tmp_path):
    (HERE / f"process-{os.getpid()}").write_text(str(tmp_path))
"""
CRASH = """
from imported import *

def test_crash(tmp_path):
    note(tmp_path)
    has_crashed = HERE / "has-crashed"
    if not has_crashed.exists():
        has_crashed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""
OUTPUT = """
import pytest
from imported import *

def test_output(tmp_path, capfd):
    note(tmp_path)
    os.system("echo read")
    assert capfd.readouterr().out == "read\\n"
    os.system("echo shown where the test fails")
    assert not HERE.exists()

@pytest.mark.timeout(1)
def test_time():
    while True:
        signal.pause()
"""
THREAD = """
import imported, thread

def test_passes():
    pass
"""
WAIT = """
import pathlib, pytest, signal

HERE = pathlib.Path(__file__).parent

@pytest.fixture(scope="session")
def slow():
    yield
    (HERE / "torn-down").touch()

def test_wait(slow):
    (HERE / "waits").touch()
    while True:
        signal.pause()
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The TMPDIR of a run. The name of a socket in it has to be short."""
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        yield Path(folder)


@pytest.fixture
def start(tmp_path: Path, temporary: Path) -> Iterator[Start]:
    """Starts pytest in lanes, in a process group of its own, on modules of the test's."""
    runs: list[subprocess.Popen[bytes]] = []

    def started(*words: str, **modules: str) -> "subprocess.Popen[bytes]":
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
        files = [str(tmp_path / f"{name}.py") for name in modules if name.startswith("test_")]
        options = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path))
        options += ("-p", "no:cacheprovider")
        options += ("-p", "xdist.plugin", "-p", "pytest_timeout", *lanes.options(2))
        # Other plug-ins would take half of the start.
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), AUTOLOAD: "1"}
        environment["TMPDIR"] = str(temporary)
        # Of the run and of the lane that this test is in itself.
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
            environment.pop(name, None)
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *words, *files],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=heed,
        )
        runs.append(run)
        return run

    yield started
    for run in runs:
        for process in members(run.pid):
            process.kill()
        run.wait()


def members(group: int) -> list[psutil.Process]:
    """The processes of a group that live."""

    def is_member(process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False

    return [process for process in psutil.process_iter() if is_member(process)]


def test_what_one_process_has_collected_runs_in_forks_of_it(start: Start, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    run = start("--junitxml", str(report), imported=IMPORTED, test_crash=CRASH, test_output=OUTPUT)
    assert run.wait() == pytest.ExitCode.TESTS_FAILED
    (imported_in,) = (tmp_path / "imports").read_text().split()
    ran_in = {path.name.partition("-")[2]: path.read_text() for path in tmp_path.glob("process-*")}
    # One for each module, and one in the place of that which crashed.
    assert len({imported_in, *ran_in}) == 4
    assert len({Path(folder).parent for folder in ran_in.values()}) == 3
    cases = {
        (case.get("name"), *(child.tag for child in case)): case
        for case in ET.parse(report).iter("testcase")
    }
    assert "shown where the test fails" in ET.tostring(cases["test_output", "failure"], "unicode")
    assert "Timeout" in ET.tostring(cases["test_time", "failure"], "unicode")
    assert ("test_crash",) in cases
    assert members(run.pid) == []


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGKILL"])
def test_a_run_that_is_ended_tears_down_and_leaves_no_process(
    start: Start, tmp_path: Path, temporary: Path, how: str
) -> None:
    run = start(test_wait=WAIT)
    wait_until((tmp_path / "waits").exists, "the test waits")
    if how == "Ctrl-C":  # reaches all processes of the group
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait() == pytest.ExitCode.INTERRUPTED
    else:
        run.send_signal(signal.Signals[how])
        run.wait()
    wait_until(lambda: not members(run.pid), "all processes have ended")
    assert (tmp_path / "torn-down").exists()
    assert list(temporary.glob("template-*")) == []


def test_tests_whose_import_starts_a_thread_are_not_run_in_forks(
    start: Start, tmp_path: Path
) -> None:
    thread = (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    run = start(imported=IMPORTED, thread=thread, test_thread=THREAD)
    assert run.wait() == pytest.ExitCode.OK
    # By the template, and by each process of xdist.
    assert len((tmp_path / "imports").read_text().split()) == 3


def test_where_the_tests_cannot_be_collected_xdist_says_why(start: Start, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    run = start("-x", "--junitxml", str(report), test_bad="import nothing_of_this_name")
    assert run.wait() == pytest.ExitCode.INTERRUPTED
    assert "nothing_of_this_name" in report.read_text()
    assert members(run.pid) == []
