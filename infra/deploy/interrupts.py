"""What Ctrl-C and the order to terminate mean while a program does what must not be broken off."""

import signal
import subprocess
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Takes interrupts instead of the process, from before the program starts until after its end.

    As signals that are handled, not as exceptions: there is no moment at which one could leave a
    program behind that nobody waits for. The first interrupt is remembered. A second one, or the
    order to terminate, is handed on to the program.
    """

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._program: subprocess.Popen[str] | None = None
        self._hurry = False
        self.taken = 0
        """How many there were."""

    def __enter__(self) -> Self:
        # Elsewhere than in the main thread nothing can be taken, and nothing is delivered.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # Who is told to ignore them, as by nohup, still does.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def watch(self, program: subprocess.Popen[str]) -> None:
        """The program that is spared the first interrupt, and gets what comes after it."""
        self._program = program
        self._hand_on()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.taken += 1
        self._hurry = self._hurry or self.taken > 1 or number == signal.SIGTERM
        self._hand_on()

    def _hand_on(self) -> None:
        if self._hurry and self._program is not None:
            self._program.send_signal(signal.SIGINT)
