"""Runs first inside a task's process: ties its life to the emulator's, then becomes the task.

    python launcher.py PID_OF_THE_EMULATOR COMMAND...

Standard library only, and nothing of this package.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        os.killpg(0, signal.SIGKILL)
    try:
        os.execvp(command[0], command)  # noqa: S606  # the command that the emulator was given
    except OSError as error:
        sys.stderr.write(f"CannotStartContainerError: {command[0]}: {error}\n")
        raise SystemExit(127) from error


if __name__ == "__main__":
    main()
