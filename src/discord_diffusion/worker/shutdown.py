"""SIGTERM and SIGINT: finish the running job in time, or give it back. A second one: exit at once.

The loop runs in a thread of its own, so that the main thread can act on a signal at once, even
while a kernel of torch runs for seconds.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""How often the main thread looks whether the loop has died of an error of its own."""


class Shutdown:
    """Owns the signals of the process."""

    def __init__(self, stop_timeout_seconds: float) -> None:
        self.stopping = threading.Event()
        self._timeout = stop_timeout_seconds
        self._wake = threading.Event()

    def install(self) -> None:
        """Take over both signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def run(self, loop: Callable[[], None], give_back: Callable[[], None]) -> int:
        """Run `loop` until it ends; return the exit status.

        After a signal the loop has `stop_timeout_seconds` to end; then `give_back` is called, and
        the status is 0 all the same: nothing is lost. The caller exits at once.
        """
        failed = threading.Event()

        def guarded() -> None:
            try:
                loop()
            except BaseException:
                log.critical("The loop has ended by an error", exc_info=True)
                failed.set()
            finally:
                self._wake.set()

        thread = threading.Thread(target=guarded, name="loop", daemon=True)
        thread.start()
        while not self._wake.wait(_LOOK_SECONDS):
            pass
        if self.stopping.is_set():
            log.info("Stopping", extra={"at_most_seconds": self._timeout})
            deadline = time.monotonic() + self._timeout
            # In short waits: a second signal is acted on between two of them, whenever it comes.
            while thread.is_alive() and (left := deadline - time.monotonic()) > 0:
                thread.join(min(left, _LOOK_SECONDS))
            if thread.is_alive():
                give_back()
        return 1 if failed.is_set() else 0

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.stopping.is_set():
            exit_now(128 + number)
        self.stopping.set()
        self._wake.set()


def exit_now(status: int) -> NoReturn:
    """End the process without waiting for threads; what was logged is written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
