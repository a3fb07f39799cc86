"""Takes messages from the queue, one after another, until told to stop."""

import logging
import random
import threading
from collections.abc import Callable

from discord_diffusion.aws.queue import QueueError, ReceivedMessage
from discord_diffusion.worker.job_runner import JobRunner
from discord_diffusion.worker.queue import Queue

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


class Loop:
    """Polls and runs. A queue that cannot be reached is asked again, ever more patiently."""

    def __init__(
        self,
        queue: Queue,
        runner: JobRunner,
        stopping: threading.Event,
        beat: Callable[[str], None],
    ) -> None:
        self._queue = queue
        self._runner = runner
        self._stopping = stopping
        self._beat = beat

    def run(self) -> None:
        """Return after `stopping` is set, when the open poll and the running job have ended."""
        failures = 0
        self._beat("polling")
        while not self._stopping.is_set():
            try:
                received = self._queue.receive()
            except QueueError as error:
                failures += 1
                pause = _pause(failures)
                log.error(
                    "The queue does not answer",
                    extra={"reason": str(error), "pause": round(pause, 1)},
                )
                self._stopping.wait(pause)
                continue
            failures = 0
            self._beat("polling")
            for message in received:
                self._take(message)

    def _take(self, message: ReceivedMessage) -> None:
        if self._stopping.is_set():
            # The poll was open when the signal came; the next worker has it at once.
            self._runner.decline(message)
            return
        self._beat("working")
        self._runner.run(message)
        self._beat("polling")


def _pause(failures: int) -> float:
    ceiling = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads a fleet out, no secret
