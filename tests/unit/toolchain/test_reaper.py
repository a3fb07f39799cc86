"""A run of the tests leaves no process, however it ends."""

import signal
import subprocess
import sys

import psutil
import pytest

from tests.heeded_signals import heed
from toolchain.layout import Layout

finds_orphans = pytest.mark.skipif(
    sys.platform != "linux", reason="orphans are found on Linux only"
)
ROOT = Layout.of_this_checkout().root
RUN = """
import subprocess, sys
from tests import reaper

def main():
    sleeper = "import time; print(1, flush=True); time.sleep(1000)"
    left = (
        "import subprocess, sys\\n"
        "subprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)"
    )
    if "leaves" in sys.argv:
        subprocess.run([sys.executable, "-c", left, sleeper], check=True)
    if "stubborn" in sys.argv:
        sleeper = (
            "import signal, time\\n"
            "def told(*_):\\n"
            "    print(2, flush=True); time.sleep(1)\\n"
            "    raise SystemExit\\n"
            "signal.signal(signal.SIGTERM, told)\\n"
        ) + sleeper
    if "waits" in sys.argv:
        subprocess.run([sys.executable, "-c", sleeper])
    return 7 if "fails" in sys.argv else 0

sys.exit(reaper.run_alone(main))
"""


def start(*words: str) -> "subprocess.Popen[str]":
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", RUN, *words]
    return subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=heed, **pipes)


@pytest.mark.parametrize(("words", "status"), [((), 0), (("fails",), 7)])
def test_a_run_that_leaves_nothing_ends_with_its_own_status(
    words: tuple[str, ...], status: int
) -> None:
    with start(*words) as run:
        _, errors = run.communicate()
    assert (run.returncode, errors) == (status, "")


@finds_orphans
def test_an_orphan_in_a_session_of_its_own_is_ended_named_and_fails_the_run() -> None:
    with start("leaves") as run:
        printed, errors = run.communicate()
    assert run.returncode == 1
    assert printed == "1\n"
    assert errors.startswith("These processes were left, and were ended:\n")
    assert "time.sleep(1000)" in errors


@finds_orphans
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_by_a_signal_takes_all_that_it_started_along(
    number: signal.Signals,
) -> None:
    with start("waits") as run:
        assert run.stdout
        run.stdout.readline()
        family = psutil.Process(run.pid).children(recursive=True)
        assert len(family) == 2
        run.send_signal(number)
        run.communicate()
    assert run.returncode == 128 + number
    assert psutil.wait_procs(family, timeout=30)[1] == []


@finds_orphans
def test_a_run_that_is_terminated_once_more_ends_what_is_left_all_the_same() -> None:
    with start("waits", "stubborn") as run:
        assert run.stdout
        run.stdout.readline()
        family = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGTERM)
        psutil.wait_procs(family[:1])  # the child; what it started takes its time
        run.stdout.readline()
        run.send_signal(signal.SIGTERM)
        _, errors = run.communicate()
    assert run.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert psutil.wait_procs(family, timeout=30)[1] == []
