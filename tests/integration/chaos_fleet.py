"""Workers that are ended at random and replaced, as machines are."""

import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from emulation.rig.stack.state import ProcessRecord
from tests.stack import Workers


@dataclass
class Fleet:
    """Keeps so many workers alive. Acts are chosen by `dice`, and told in `acts`."""

    workers: Workers
    size: int
    frozen_seconds: float
    """How long SIGSTOP lasts: beyond the lease."""
    dice: random.Random
    acts: list[str] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)
    _starts: list[Future[ProcessRecord]] = field(default_factory=list)
    _thaws: list[threading.Timer] = field(default_factory=list)
    _frozen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.size + 2)
        self.fill()

    def fill(self) -> None:
        """Start workers until there are enough; those that are starting count."""
        for start in self._starts:
            if start.done():
                start.result()  # a worker that cannot start ends the test
        missing = self.size - len(self._alive()) - sum(not one.done() for one in self._starts)
        for _ in range(missing):
            self._starts.append(self._pool.submit(self.workers.start))

    def strike(self, how: signal.Signals) -> bool:
        """End or freeze a worker that works; False if there is none."""
        working = [one for one in self._alive() if one.pid not in self._frozen]
        if not working:
            return False
        victim = self.dice.choice(working)
        self.acts.append(f"{time.monotonic() - self._started:6.1f} s  {how.name} {victim.name}")
        self.workers.send(victim, how)
        if how is signal.SIGSTOP:
            self._frozen.add(victim.pid)
            thaw = threading.Timer(self.frozen_seconds, self._thaw, (victim,))
            thaw.start()
            self._thaws.append(thaw)
        return True

    def calm_down(self) -> None:
        """Wait until nobody is frozen any more."""
        for thaw in self._thaws:
            thaw.join()

    def _alive(self) -> list[ProcessRecord]:
        ready = [one.result() for one in self._starts if one.done()]
        return [one for one in ready if self.workers.alive(one)]

    def _thaw(self, victim: ProcessRecord) -> None:
        if self.workers.alive(victim):
            self.workers.send(victim, signal.SIGCONT)
            self.acts.append(f"{time.monotonic() - self._started:6.1f} s  SIGCONT {victim.name}")
        self._frozen.discard(victim.pid)


def strikes(dice: random.Random, each: int) -> list[signal.Signals]:
    """So many of each way to end a worker, in any order."""
    plan = [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP] * each
    dice.shuffle(plan)
    return plan
