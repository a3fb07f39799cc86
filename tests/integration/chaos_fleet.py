"""Workers that are killed, stopped or frozen at random, and replaced."""

import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from emulation.rig.state import ProcessRecord
from tests.stack import Workers


@dataclass
class ChaosFleet:
    """Keeps `size` workers alive; `events` lists the signals that were sent, with their times."""

    workers: Workers
    size: int
    frozen_seconds: float
    """Time from SIGSTOP to SIGCONT: longer than a lease."""
    rng: random.Random
    events: list[str] = field(default_factory=list)
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
        missing = self.size - len(self._alive()) - sum(not start.done() for start in self._starts)
        for _ in range(missing):
            self._starts.append(self._pool.submit(self.workers.start))

    def signal_one(self, number: signal.Signals) -> bool:
        """Send a signal to a worker that works, chosen at random; False if there is none."""
        working = [worker for worker in self._alive() if worker.pid not in self._frozen]
        if not working:
            return False
        victim = self.rng.choice(working)
        self.events.append(
            f"{time.monotonic() - self._started:6.1f} s  {number.name} {victim.name}"
        )
        self.workers.send(victim, number)
        if number is signal.SIGSTOP:
            self._frozen.add(victim.pid)
            thaw = threading.Timer(self.frozen_seconds, self._thaw, (victim,))
            thaw.start()
            self._thaws.append(thaw)
        return True

    def wait_for_thaws(self) -> None:
        """Wait until no worker is frozen any more."""
        for thaw in self._thaws:
            thaw.join()

    def _alive(self) -> list[ProcessRecord]:
        ready = [start.result() for start in self._starts if start.done()]
        return [worker for worker in ready if self.workers.alive(worker)]

    def _thaw(self, victim: ProcessRecord) -> None:
        if self.workers.alive(victim):
            self.workers.send(victim, signal.SIGCONT)
            self.events.append(f"{time.monotonic() - self._started:6.1f} s  SIGCONT {victim.name}")
        self._frozen.discard(victim.pid)


def shuffled_signals(rng: random.Random, each: int) -> list[signal.Signals]:
    """`each` SIGKILLs, SIGTERMs and SIGSTOPs, in random order."""
    plan = [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP] * each
    rng.shuffle(plan)
    return plan
