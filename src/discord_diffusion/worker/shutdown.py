"""Stops the worker at SIGTERM or SIGINT: held jobs are finished in time, or given back.

A second signal ends the process at once. The worker runs in a thread of its own, so that the main
thread can act on a signal at once, even while a kernel of torch runs for seconds.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from discord_diffusion.worker.errors import DeviceLostError

if TYPE_CHECKING:
    from discord_diffusion.worker.worker import Worker

log = logging.getLogger(__name__)

FAILED = 1
UNUSABLE = 4
"""Exit statuses: the worker failed; the pipeline hangs, or its device is lost."""
_WAIT_SECONDS = 1.0
"""How long the main thread waits at a time for a signal, or for the worker to end."""


class Shutdown:
    """Handles the signals of the process."""

    def __init__(self, stop_timeout_seconds: float) -> None:
        # Not an Event: a signal handler that runs while the main thread holds its lock would wait
        # for ever. A put may interrupt a get: https://docs.python.org/3/library/queue.html#simplequeue-objects
        self._stopping = False
        self._timeout = stop_timeout_seconds
        self._wake: SimpleQueue[None] = SimpleQueue()

    def install(self) -> None:
        """Handle both signals from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def run(self, worker: "Worker") -> int:
        """Run the worker until it ends; return the exit status of the process.

        After a signal the worker has `stop_timeout_seconds` to end. Then the jobs that are left are
        given back; the status is still 0, since nothing is lost. The caller exits at once.
        """
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                worker.run()
            except BaseException as error:
                log.critical("The worker has ended with an error", exc_info=True)
                errors.append(error)
            finally:
                self._wake.put(None)

        thread = threading.Thread(target=guarded, name="worker", daemon=True)
        thread.start()
        self._wait()
        if self._stopping:
            log.info("The worker stops", extra={"at_most_seconds": self._timeout})
            deadline = time.monotonic() + self._timeout
            worker.stop()
            # In short waits, so that a second signal is handled between two of them.
            while thread.is_alive() and (left := deadline - time.monotonic()) > 0:
                thread.join(min(left, _WAIT_SECONDS))
        if thread.is_alive() or errors:
            worker.give_back()
        if not errors:
            return 0
        return UNUSABLE if isinstance(errors[0], DeviceLostError) else FAILED

    def _wait(self) -> None:
        """Wait for the first signal, or the end of the worker.

        In short waits: a signal between Python's last look for one and the wait of the operating
        system does not interrupt that wait, and is handled after it.
        """
        while True:
            with contextlib.suppress(Empty):
                return self._wake.get(timeout=_WAIT_SECONDS)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            exit_now(128 + number)
        self._stopping = True
        self._wake.put(None)


def exit_now(status: int) -> NoReturn:
    """End the process without waiting for threads; the log is flushed."""
    for stream in (sys.stdout, sys.stderr):
        # A signal may have interrupted a write, which cannot be entered twice.
        with contextlib.suppress(RuntimeError, OSError):
            stream.flush()
    os._exit(status)
