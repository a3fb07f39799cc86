"""Forks of the fork server are like started workers: environment, output, group, status, end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from socket import socket
from typing import IO

import pytest

from ecs_fleet_emulator.processes.fork_server import (
    IS_POSSIBLE,
    ForkedProcess,
    ForkServer,
)
from emulation.rig.host import fork_server
from emulation.rig.host.parts import FORK_SERVER_COMMAND
from emulation.rig.host.processes import base_environment

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="nothing is forked here")

WORKER = """
import json, os, sys
print(json.dumps([sys.argv[1:], __name__, os.environ.get("TASK"), "NVML" in str(os.environ)]))
print("import", os.environ["CACHE"], imported.CACHE, file=sys.stderr, flush=True)
print(os.getpgid(0) == os.getpid(), os.read(0, 1), len(os.listdir("/proc/self/fd")), flush=True)
exec(os.environ.get("THEN", ""))
"""
"""In the place of the worker: what it finds, then what its environment says."""
IMPORTED = "import os\nCACHE = os.environ['CACHE']\n"
SERVER = """
import sys
from emulation.rig.host import fork_server
fork_server.SLOW, fork_server.WORKER = ("imported",), "a_worker"
sys.exit(fork_server.main())
"""
WAIT = "import signal\nprint('waits', flush=True)\nsignal.pause()"


@pytest.fixture
def start(tmp_path: Path) -> Callable[[socket], "subprocess.Popen[bytes]"]:
    """Starts the fork server with modules of the test's in the place of the worker's."""
    (tmp_path / "imported.py").write_text(IMPORTED)
    (tmp_path / "a_worker.py").write_text("import imported\n" + WORKER)
    command = [sys.executable, "-c", SERVER]
    return lambda stdin: subprocess.Popen(command, env=environment(tmp_path), stdin=stdin)


@pytest.fixture
def server(
    start: Callable[[socket], "subprocess.Popen[bytes]"], tmp_path: Path
) -> Iterator[ForkServer]:
    made = ForkServer(start, environment(tmp_path))
    yield made
    made.close()


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join((str(folder), str(Path.cwd())))
    return {**os.environ, "PYTHONPATH": path, "CACHE": "early"}


def fork(
    server: ForkServer, folder: Path, **variables: str
) -> tuple[ForkedProcess | None, IO[bytes]]:
    """A fork, and what it prints."""
    output, theirs = os.pipe()
    process = server.fork(environment(folder) | variables, theirs)
    os.close(theirs)
    return process, os.fdopen(output, "rb")


def test_a_fork_has_its_environment_output_and_group_and_no_file_of_the_servers(
    server: ForkServer, tmp_path: Path
) -> None:
    other, waiting = fork(server, tmp_path, THEN=WAIT)
    process, output = fork(server, tmp_path, TASK="first", CACHE="late")
    assert process is not None
    assert other is not None
    with output:
        lines = output.read().decode().splitlines()
    assert lines[0] == '[[], "__main__", "first", false]', "and not the server's own variables"
    assert lines[1] == "import late early", "what was imported was imported once"
    assert lines[2] == "True b'' 4", "three streams, and the folder that is listed"
    assert process.wait() == 0
    assert process.wait() == 0, "whoever asks again"
    other.send(signal.SIGKILL)
    assert other.wait() == -signal.SIGKILL
    waiting.close()


@pytest.mark.parametrize(
    ("then", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
    ],
)
def test_the_status_of_a_fork_is_what_its_end_was(
    server: ForkServer, tmp_path: Path, then: str, status: int
) -> None:
    process, output = fork(server, tmp_path, THEN=then)
    assert process is not None
    output.read()
    output.close()
    assert process.wait() == status


def test_a_signal_that_is_sent_before_the_fork_is_there_reaches_it(
    server: ForkServer, tmp_path: Path
) -> None:
    process, output = fork(server, tmp_path, THEN=WAIT)
    assert process is not None
    process.send(signal.SIGTERM)
    assert process.pid is None, "its first report is not read yet"
    assert process.wait() == -signal.SIGTERM
    output.close()
    with pytest.raises(ProcessLookupError):
        process.send(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGKILL, None])
def test_forks_end_with_the_server(
    server: ForkServer, tmp_path: Path, number: signal.Signals | None
) -> None:
    process, output = fork(server, tmp_path, THEN=WAIT)
    assert process is not None
    assert process.wait_for_pid()
    if number:
        server.process.send_signal(number)
    server.close()
    assert process.wait() == -signal.SIGKILL
    output.read()  # to its end: nobody else holds it open
    output.close()
    assert fork(server, tmp_path)[0] is None, "whoever needs one starts it"


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "HF_HOME", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_a_process_with_another_variable_that_is_read_at_import_is_not_forked(
    server: ForkServer, tmp_path: Path, name: str
) -> None:
    process, output = fork(server, tmp_path, **{name: "other"})
    output.close()
    assert process is None


def test_a_fork_that_finds_a_module_edited_runs_what_is_in_it_now(
    server: ForkServer, tmp_path: Path
) -> None:
    for edit in ("", "CACHE = 'edited'"):
        if edit:
            (tmp_path / "imported.py").write_text(edit)
        process, output = fork(server, tmp_path, THEN="raise SystemExit(5)")
        assert process is not None
        with output:
            lines = output.read().decode().splitlines()
        assert lines[0] == '[[], "__main__", null, false]'
        assert lines[1].split()[-1] == ("edited" if edit else "early")
        assert process.wait() == 5
        assert process.pid != server.process.pid


def test_a_module_that_cannot_be_imported_fails_in_the_fork_whose_output_says_why(
    start: Callable[[socket], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    (tmp_path / "imported.py").write_text("raise RuntimeError('no such library')")
    server = ForkServer(start, environment(tmp_path))
    process, output = fork(server, tmp_path)
    assert process is not None
    with output:
        assert b"RuntimeError: no such library" in output.read()
    assert process.wait() == 1
    server.close()


def test_the_worker_is_imported_without_a_thread_that_a_fork_would_lack() -> None:
    """But for OpenBLAS's, which it ends itself: a single one here."""
    code = (
        "import os; from importlib import import_module\n"
        f"[import_module(one) for one in {fork_server.SLOW!r}]\n"
        "import torch; print(len(os.listdir('/proc/self/task')), torch.cuda.is_initialized())"
    )
    variables = base_environment() | {"OPENBLAS_NUM_THREADS": "1"}
    run = partial(subprocess.run, capture_output=True, text=True, check=True, env=variables)
    assert run([sys.executable, "-c", code]).stdout.split() == ["1", "False"]
    assert FORK_SERVER_COMMAND[-1] == fork_server.__name__
