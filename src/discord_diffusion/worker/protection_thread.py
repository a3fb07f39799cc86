"""Task protection: keeps ECS from ending this task for scale-in while it holds jobs.

It is set as soon as the first job is held, and removed a few seconds after the last job has ended:
a task is not ended between two jobs, and the agent is not called twice for each job.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from discord_diffusion.aws.errors import TaskProtectionError
from discord_diffusion.aws.task_protection import TaskProtection

log = logging.getLogger(__name__)

MINUTES = 16
"""How long it lasts unless renewed: no job outlives its token of 15 minutes."""
_RENEW_AFTER_SECONDS = 300.0
_LINGER_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class ProtectionThread:
    """Follows the number of held jobs in a thread of its own, so that no job waits for ECS.

    A call that fails is logged and repeated. Without a task, outside ECS, it does nothing.
    """

    task: TaskProtection | None
    linger_seconds: float = _LINGER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _held: int = 0
    _idle_since: float = float("-inf")
    _on: bool = False
    _next_call_at: float = 0.0
    _failures: int = 0

    def start(self) -> None:
        """Begin to follow, in a thread."""
        if self.task:
            threading.Thread(
                name="protection", target=self._follow, args=(self.task,), daemon=True
            ).start()

    def job_added(self) -> None:
        """Count a job that is held; returns at once."""
        with self._changed:
            self._held += 1
            self._changed.notify()

    def job_removed(self) -> None:
        """Count a job that has ended; returns at once."""
        with self._changed:
            self._held -= 1
            self._idle_since = self.clock()
            self._changed.notify()

    def _follow(self, task: TaskProtection) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) is None or pause > 0:
                    self._changed.wait(pause)
                wanted = self._wanted()
            self._set(task, wanted)

    def _wanted(self) -> bool:
        lingering = self._on and self.clock() - self._idle_since < self.linger_seconds
        return self._held > 0 or lingering

    def _pause(self) -> float | None:
        """Seconds until the next call of the agent; None: not before the number of jobs changes."""
        now = self.clock()
        if self._wanted() is not self._on:
            return self._next_call_at - now if self._failures else 0.0
        if not self._on:
            return None
        ends = [self._next_call_at - now]
        if not self._held:
            ends.append(self._idle_since + self.linger_seconds - now)
        return min(ends)

    def _set(self, task: TaskProtection, wanted: bool) -> None:
        try:
            if wanted:
                task.protect(MINUTES)
            else:
                task.unprotect()
        except Exception as error:  # noqa: BLE001 - else the task would stay protected
            self._failures += 1
            known = isinstance(error, TaskProtectionError)
            reason = str(error) if known else type(error).__name__
            pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1))
            log.warning(
                "The task's protection could not be changed",
                extra={"protect": wanted, "reason": reason, "pause": pause},
            )
        else:
            if wanted is not self._on:
                log.info("The task is protected" if wanted else "The task is no longer protected")
            self._on, self._failures, pause = wanted, 0, _RENEW_AFTER_SECONDS
        self._next_call_at = self.clock() + pause
