"""Ctrl-C ends a command quietly, with exit status 130; what a person did wrong is a sentence."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from emulation.rig.cli import main
from emulation.rig.errors import DeadlineError, RigError
from emulation.rig.state import StateFolder, exclusive
from emulation.rig.waiting import INTERRUPTED, wait_until
from tests.heeded_signals import heed
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root


@pytest.fixture(autouse=True)
def handler_of_the_suite() -> Iterator[None]:
    """`main` installs a handler of SIGINT, and a umask."""
    before, mask = signal.getsignal(signal.SIGINT), os.umask(0o077)
    yield
    signal.signal(signal.SIGINT, before)
    os.umask(mask)


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
        preexec_fn=heed,
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
        thread.join(60)
    finally:
        INTERRUPTED.clear()
    assert str(raised[0]) == "interrupted while waiting: nothing happens"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["up", "--size", "3"], ["fleet", "fault", "x", "y"]]
)
def test_a_command_line_that_is_wrong_is_told_so_without_a_traceback(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "separate", lambda _environment: None)
    monkeypatch.setattr(sys, "argv", ["emulation", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "Usage:" in said


def test_a_full_disk_is_a_sentence_and_a_mistake_of_ours_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full, ours = OSError(errno.ENOSPC, "No space left on device", "/x/y"), OSError(errno.EBADF, "?")
    monkeypatch.setattr(main, "separate", lambda _environment: None)
    for error in (full, ours):
        monkeypatch.setattr(main, "app", Mock(side_effect=error))
        with pytest.raises((SystemExit, OSError)) as raised:
            main.main()
        assert raised.type is (SystemExit if error is full else OSError)
    said = capsys.readouterr().err
    assert said == (
        "Error: No space left on device: /x/y could not be written."
        " Free some space, then run it again.\n"
    )


def test_a_folder_that_cannot_be_written_to_and_a_broken_state_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RigError, match=r"The stack's folder .* can't be written to"):
        StateFolder(tmp_path / "file" / "stack").make()
    process = {"name": "a", "pid": "x", "started_at": 1, "log": "z"}
    for broken in (
        "{",
        "[]",
        json.dumps({"target": "host", "options": {}, "processes": [process]}),
    ):
        (tmp_path / "stack.json").write_text(broken)
        assert StateFolder(tmp_path).load() is None
