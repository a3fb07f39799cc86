"""Runs inside a function's process: ties its life to the emulator's, then starts AWS's client.

    python bootstrap.py PID_OF_THE_EMULATOR HANDLER

Standard library only, and nothing of this package: it runs with the function's interpreter.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path

PR_SET_PDEATHSIG = 1
FALLBACK = Path(__file__).parent / "fallback"


def die_with(parent: int) -> None:
    """End this process as soon as the process `parent`, which started it, is gone.

    Linux tells a process of its parent's death; elsewhere the end of standard input, which the
    parent holds open, does.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            kill_group()
    else:
        watch = threading.Thread(target=wait_for_end_of_input, args=(0,), daemon=True)
        watch.start()


def wait_for_end_of_input(descriptor: int) -> None:
    """Read `descriptor` to its end, then kill this process and all that it started."""
    while os.read(descriptor, 1024):
        pass
    kill_group()


def kill_group() -> None:
    """Kill this process and all that it started."""
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Become the function's runtime."""
    parent, handler = sys.argv[1:3]
    die_with(int(parent))
    # As in AWS: the function's folder comes first on the path, this file's folder is not on it.
    sys.path[0] = str(Path.cwd())
    sys.path.append(str(FALLBACK))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
