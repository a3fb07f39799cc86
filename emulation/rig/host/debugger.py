"""Runs first in a process that is debugged: opens a port for a debugger, and lets the clock rest.

The emulator runs this file in the process of a function (EMULATOR_DEBUGGERS), and the rig in that
of a worker. Standard library and debugpy alone: functions bring their own interpreter.
https://github.com/microsoft/debugpy/wiki/API-Reference
"""

import os
import sys
import threading
import time

PORT, PACKAGES, WAITS = "DEBUGGER_PORT", "DEBUGGER_PACKAGES", "DEBUGGER_WAITS"
"""Variables: the port on loopback, the folder that holds debugpy, and whether the process waits."""
_LOOPBACK = "127.0.0.1"
_TICK_SECONDS = 0.05
_PAUSED_SECONDS = 1.0
"""So long without a tick means that all threads stood still, at a breakpoint."""
_PORT_SECONDS = 5.0
"""For which the port of a process that has just ended may be taken."""


class RestingClock:
    """`time.monotonic` without the time in which a debugger held all threads.

    Time-outs of the program go on where they were when it does.
    """

    def __init__(self) -> None:
        self._real = time.monotonic
        self._ticked = self._real()
        self._rested = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Seconds in which the program could run."""
        with self._lock:
            now = self._real()
            if now - self._ticked > _PAUSED_SECONDS:
                self._rested += now - self._ticked
            self._ticked = now
            return now - self._rested

    def run(self) -> None:
        """Tick until the process ends, so that a pause is noticed."""
        while True:
            self()
            time.sleep(_TICK_SECONDS)


def open_port(port: int, *, waits: bool) -> bool:
    """Let a debugger attach, and wait for it if asked to; False where another process has the port.

    Args:
        port: on loopback.
        waits: whether to return only when a debugger is attached.
    """
    # Its own modules are frozen, which matters to nobody who debugs ours.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    import debugpy

    debugpy.configure(subProcess=False)
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            debugpy.listen((_LOOPBACK, port))
            break
        except (OSError, RuntimeError) as error:
            if time.monotonic() > deadline:
                _say(f"No debugger can attach to this process: port {port} is taken ({error})")
                return False
            time.sleep(_TICK_SECONDS)
    clock = RestingClock()
    threading.Thread(target=clock.run, name="resting-clock", daemon=True).start()
    time.monotonic = clock
    if waits:
        _say(f"Waits for a debugger on {_LOOPBACK}:{port}")
        debugpy.wait_for_client()
    else:
        _say(f"A debugger can attach on {_LOOPBACK}:{port}")
    return True


def open_port_as_told() -> None:
    """As the environment says, from which it takes what it reads."""
    port = os.environ.pop(PORT, "")
    packages, waits = os.environ.pop(PACKAGES, ""), os.environ.pop(WAITS, "")
    if packages:
        sys.path.append(packages)
    if port:
        open_port(int(port), waits=bool(waits))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    open_port_as_told()
