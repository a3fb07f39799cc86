"""Actions at moments of the emulator's clock, run one after another in the order of the moments."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .moved_clock import CLOCK, Clock

LOG = logging.getLogger(__name__)

Action = Callable[[], object]
"""Says by its result whether something began that others react to."""


@dataclass(order=True)
class Timer:
    """An action at a moment, repeated every `period` seconds if there is one."""

    at: float
    number: int
    action: Action = field(compare=False)
    period: float | None = field(compare=False, default=None)
    cancelled: bool = field(compare=False, default=False)

    def cancel(self) -> None:
        """Let it not run any more."""
        self.cancelled = True


class Timers:
    """Timers with a thread of their own, which starts with the first of them."""

    def __init__(self, name: str, clock: Clock = CLOCK) -> None:
        self._name, self._clock = name, clock
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running = threading.RLock()
        self._acted = False
        """Whether an action since the last `run_due` began something that others react to."""
        self._thread: threading.Thread | None = None

    def start(self, action: Action, *, after: float = 0.0, period: float | None = None) -> Timer:
        """Run an action after some seconds, and then again every `period`."""
        timer = Timer(self._clock.monotonic() + after, next(self._numbers), action, period)
        self._add(timer)
        return timer

    def due(self) -> float | None:
        """The moment of the next action; None if there is none."""
        # Not while an action runs: until its end, it is not known when it is due again.
        with self._running:
            return self._next()

    def run_due(self) -> bool:
        """Run what is due, in order.

        Whether something began that others react to, since the last call: where time is moved, the
        thread may find before its mover what is due then.
        """
        with self._running:
            self._run_actions()
            acted, self._acted = self._acted, False
            return acted

    def busy(self) -> str:
        """An action that the thread runs."""
        if not self._running.acquire(blocking=False):
            return self._name
        self._running.release()
        return ""

    def _run_actions(self) -> None:
        now = self._clock.monotonic()
        while (timer := self._pop(now)) is not None:
            try:
                self._acted |= bool(timer.action())
            except Exception:  # one action that fails must not stop the others
                LOG.exception("an action of %s has failed", self._name)
            if timer.period is not None and not timer.cancelled:
                timer.at += timer.period
                if timer.at <= now:
                    # What was late, since the machine is slow, is not made up for.
                    timer.at = now + timer.period
                self._add(timer)

    def _next(self) -> float | None:
        with self._changed:
            while self._timers and self._timers[0].cancelled:
                heapq.heappop(self._timers)
            return self._timers[0].at if self._timers else None

    def _pop(self, now: float) -> Timer | None:
        with self._changed:
            due = self._next()
            return heapq.heappop(self._timers) if due is not None and due <= now else None

    def _add(self, timer: Timer) -> None:
        with self._changed:
            heapq.heappush(self._timers, timer)
            if self._thread is None:
                self._clock.on_resumed.append(self._look_again)
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._next()
                wait = None if due is None else due - self._clock.monotonic()
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
            with self._running:
                self._run_actions()
