"""Runs first in a child process: makes it end with the emulator, then runs a function or a task.

A fork server (tasks/forked_tasks.py) is a task that keeps its standard input.

    python bootstrap.py PID_OF_THE_EMULATOR function HANDLER
    python bootstrap.py PID_OF_THE_EMULATOR task|server COMMAND...

Standard library only, and nothing of this package: functions bring their own interpreter.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path

PR_SET_PDEATHSIG = 1
FALLBACK = Path(__file__).parent.parent / "functions" / "fallback"


def end_with(parent: int) -> None:
    """Make this process end as soon as its parent process, with the id `parent`, ends.

    On Linux by a signal, which `exec` does not undo. Elsewhere by the end of standard input, which
    the parent holds open; only this process's own threads can watch it.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=wait_for_end_of_input, args=(0,), daemon=True).start()
    if os.getppid() != parent:
        kill_group()


def wait_for_end_of_input(descriptor: int) -> None:
    """Read `descriptor` to its end, then kill this process and all that it started."""
    while os.read(descriptor, 1024):
        pass
    kill_group()


def kill_group() -> None:
    """Kill this process and all that it started."""
    os.killpg(0, signal.SIGKILL)


def run_function(handler: str) -> None:
    """Become the runtime of a Lambda function: AWS's client of the Runtime API."""
    # As in AWS: the function's folder comes first on the path, this file's folder is not on it.
    sys.path[0] = str(Path.cwd())
    sys.path.append(str(FALLBACK))
    sys.argv = ["awslambdaric", handler]
    follow_clock()
    if script := os.environ.pop("EMULATOR_RUN_FIRST", ""):
        runpy.run_path(script, run_name="__main__")
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def follow_clock() -> None:
    """Let the wall clock follow the emulator's, which a test may move (clock/follower.py)."""
    if script := os.environ.pop("EMULATOR_CLOCK_FOLLOWER", ""):
        runpy.run_path(script)["begin"]()


def run_task(command: list[str]) -> None:
    """Become the command of an ECS task."""
    try:
        os.execvp(command[0], command)  # noqa: S606  # the command that the emulator was given
    except OSError as error:
        sys.stderr.write(f"CannotStartContainerError: {command[0]}: {error}\n")
        raise SystemExit(127) from error


def main() -> None:
    """Run a function or a task."""
    parent, kind, *arguments = sys.argv[1:]
    end_with(int(parent))
    if kind == "function":
        run_function(arguments[0])
    else:
        if kind == "task":
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        run_task(arguments)


if __name__ == "__main__":
    main()
