"""Ctrl-C ends a command quietly, with exit status 130."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from emulation.rig.errors import DeadlineError
from emulation.rig.waiting import INTERRUPTED, wait_until
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root


def interrupted(words: list[str], folder: Path, said: str) -> subprocess.CompletedProcess[str]:
    """The end of a command of the rig that gets SIGINT once it has printed `said`."""
    command = [sys.executable, "-m", "emulation", *words, "--state-dir", str(folder)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A suite that a shell started in the background ignores SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        printed = ""
        while said not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    return subprocess.CompletedProcess(command, process.returncode, rest, printed)


def test_logs_that_are_followed_end_quietly(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "worker-1.log").write_text(json.dumps({"message": "hello"}) + "\n")
    ended = interrupted(["logs", "worker", "--follow"], tmp_path, "hello")
    assert (ended.returncode, ended.stdout.strip()) == (130, "")


def test_a_wait_for_the_lock_ends_quietly(tmp_path: Path) -> None:
    from emulation.rig.state import StateFolder, exclusive

    with exclusive(Layout.of_this_checkout().cache, StateFolder(tmp_path)):
        ended = interrupted(["down"], tmp_path, "Waiting for another command")
    assert (ended.returncode, ended.stdout.strip()) == (130, "")


def test_who_waits_in_another_thread_waits_no_longer() -> None:
    raised: list[BaseException] = []

    def wait() -> None:
        with pytest.raises(DeadlineError) as caught:
            wait_until(lambda: False, "nothing happens", 60)
        raised.append(caught.value)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        INTERRUPTED.set()
        thread.join(10)
    finally:
        INTERRUPTED.clear()
    assert str(raised[0]) == "interrupted while waiting: nothing happens"
