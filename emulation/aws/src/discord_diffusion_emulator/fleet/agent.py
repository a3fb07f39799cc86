"""The thread that keeps the fleets going. It is made with the first change to a fleet's services,
and sleeps until something is due or somebody calls `wake`."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from functools import cache

from discord_diffusion_emulator.fleet.config import Config
from discord_diffusion_emulator.fleet.region import Plane
from discord_diffusion_emulator.tasks import launcher as launching

LOG = logging.getLogger(__name__)

# Something that fails again and again must not keep a processor busy.
_SHORTEST = 0.02
_AFTER_ERROR = 1.0


class Agent:
    """All planes, by account and region, and the thread that ticks them."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.lock = threading.RLock()
        self._woken = threading.Event()
        self.planes: dict[tuple[str, str], Plane] = {}
        threading.Thread(target=self._run, name="fleet-agent", daemon=True).start()

    def plane(self, account: str, region: str) -> Plane:
        """The plane of an account and region, made if need be."""
        key = (account, region)
        with self.lock:
            if key not in self.planes:
                self.planes[key] = Plane(
                    account, region, self._config, lambda task, code: self._ended(key, task, code)
                )
            return self.planes[key]

    def wake(self) -> None:
        """Something has changed."""
        self._woken.set()

    def _ended(self, key: tuple[str, str], task: str, status: int) -> None:
        with self.lock:
            self.planes[key].task_ended(task, status)
        self.wake()

    def _run(self) -> None:
        wait: float | None = 0.0
        while True:
            self._woken.wait(None if wait is None else max(wait, _SHORTEST))
            self._woken.clear()
            with self.lock:
                waits = [self._tick(plane) for plane in self.planes.values()]
            wait = min((one for one in waits if one is not None), default=None)

    def _tick(self, plane: Plane) -> float | None:
        try:
            return plane.tick()
        except Exception:  # one plane that fails must not stop the others
            LOG.exception("the fleets of %s/%s could not go on", plane.account, plane.region)
            return _AFTER_ERROR


_making = threading.Lock()


@cache
def _made() -> Agent:
    config = Config.from_environ()
    launching.prepare(config)
    return Agent(config)


def agent() -> Agent:
    """The emulator's agent, started with the first call."""
    with _making:
        return _made()


def wake(account: str, region: str) -> None:
    """Something has changed in an account's region."""
    there = agent()
    with there.lock:
        there.plane(account, region)
    there.wake()


@contextlib.contextmanager
def plane(account: str, region: str) -> Iterator[Plane]:
    """A plane to ask or to change; the agent looks at it afterwards."""
    there = agent()
    with there.lock:
        yield there.plane(account, region)
    there.wake()
