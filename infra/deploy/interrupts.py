"""Keeps Ctrl-C and SIGTERM from a program that must not be interrupted half-way."""

import signal
import subprocess
import threading
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Handles SIGINT and SIGTERM of this process while a program starts, runs and ends.

    No exception is raised, so that no interrupt can leave a program behind that nobody waits for.
    The first SIGINT is only counted. A second one, or SIGTERM, is passed on to the program as
    SIGINT.
    """

    def __init__(self) -> None:
        self._previous: dict[signal.Signals, Any] = {}
        self._program: subprocess.Popen[str] | None = None
        self._passes_on = False
        self.count = 0
        """Interrupts so far."""

    def __enter__(self) -> Self:
        # Outside of the main thread no handler can be set, and no signal is delivered.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # Signals that the process ignores, as under nohup, stay ignored.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def protect(self, program: subprocess.Popen[str]) -> None:
        """Protect the program from the first interrupt; later ones are passed on to it."""
        self._program = program
        self._pass_on()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self._passes_on = self._passes_on or self.count > 1 or number == signal.SIGTERM
        self._pass_on()

    def _pass_on(self) -> None:
        if self._passes_on and self._program is not None:
            self._program.send_signal(signal.SIGINT)
