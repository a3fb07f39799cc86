"""Runs something in a process of its own, and ends every process that this leaves behind.

A run of the tests starts emulators, browsers and workers in sessions of their own. Who ends it by a
signal, or a process of it by SIGKILL, would else find them running.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

import psutil

_PR_SET_CHILD_SUBREAPER = 36
"""https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html"""
_TERMINATE_SECONDS = 15.0
_END_THEMSELVES_SECONDS = 5.0
"""What ends when its parent does takes a moment."""
_SIGNALLED = 128
_LEFT = 1
"""The exit status of a run that passed and left processes."""


def run_alone(main: Callable[[], int]) -> int:
    """Call `main` in a child; end and name what is left of its descendants; the exit status.

    It returns in both processes. Where a process cannot adopt the orphans among its descendants
    (not Linux), only those are ended whose parents live.
    """
    _adopt_orphans()
    child = os.fork()
    if not child:
        return main()

    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    # The terminal sends SIGINT to the child, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, forward)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` starts it
        signal.signal(signal.SIGHUP, forward)
    status = _wait_for(child)
    # Another one would end this process before the rest, or meet a process with the child's id.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = _end_descendants(0 if status > _SIGNALLED else _END_THEMSELVES_SECONDS)
    if left:
        sys.stderr.write("These processes were left, and were ended:\n" + "".join(left))
    return status or (_LEFT if left else 0)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for(child: int) -> int:
    """The status of the child, as a shell says it. Orphans that end before are reaped."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNALLED - code


def _end_descendants(patience: float) -> list[str]:
    """End those that are still there after so many seconds; a line for each."""
    _, family = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=patience)
    lines = []
    for process in family:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                lines.append(f"  {process.pid} {' '.join(process.cmdline())[:150]}\n")
                process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(family, timeout=_TERMINATE_SECONDS)
    for process in alive + psutil.Process().children(recursive=True):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return lines
