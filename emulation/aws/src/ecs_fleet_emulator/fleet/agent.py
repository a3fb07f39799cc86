"""The fleet agent and its thread, which starts with the first region that is used."""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.simulation.settings import Settings
from ecs_fleet_emulator.simulation.state import Health

if TYPE_CHECKING:
    from ecs_fleet_emulator.tasks.launcher import TaskLauncher

    from .region import Region

LOG = logging.getLogger(__name__)

# Settings of the simulated AWS (simulation/settings.py), as a JSON object.
FLEET = "EMULATOR_FLEET"

SavedRegions = dict[tuple[str, str], "Region"]
"""Regions by account and name; a pickled one has neither threads nor processes."""

# Seconds between steps, so that repeated steps or errors do not keep a processor busy.
_MIN_WAIT = 0.02
_WAIT_AFTER_ERROR = 1.0


class FleetAgent:
    """Steps the fleets of all accounts and regions, and sleeps until the next scheduled change."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.regions: dict[tuple[str, str], Region] = {}
        self.on_settings: list[Callable[[], None]] = []
        """Called after every change of settings."""
        self.experiment_changes = 0
        """How often experiments have begun or ended: who shows them looks when it changes."""
        self._woken = threading.Event()
        self._due: float | None = None
        self._changes_known = 0
        """How much had changed at the last `run_due`."""

    def get(self, account: str, region: str) -> "Region":
        """The fleets of an account and region. Hold `lock` while using them."""
        key = (account, region)
        with self.lock:
            if key not in self.regions:
                self.regions[key] = self._create(account, region)
            return self.regions[key]

    @contextlib.contextmanager
    def region(self, account: str, region: str) -> "Iterator[Region]":
        """The fleets of an account and region under the lock; a step follows."""
        with self.lock:
            yield self.get(account, region)
        self.wake()

    def settings(self, account: str, region: str) -> Settings:
        """The settings of a region."""
        return self.get(account, region).settings

    def change_settings(self, account: str, region: str, values: Mapping[str, Any]) -> None:
        """Change settings of a region.

        Raises:
            InvalidSettingsError: a setting does not exist, or a value is not allowed.
        """
        with self.region(account, region) as fleets:
            fleets.settings = fleets.settings.changed(values)
        for callback in self.on_settings:
            callback()

    def notify(self, context: Any) -> None:
        """Step soon, since a request with this context may have changed something."""
        self.get(context.account_id, context.region)
        self.wake()

    def wake(self) -> None:
        """Step soon: something has changed."""
        self._woken.set()

    @contextlib.contextmanager
    def saved(self) -> "Iterator[SavedRegions]":
        """All regions, to be pickled together with moto's backends; none changes meanwhile."""
        with self.lock:
            yield dict(self.regions)

    def resume(self, regions: "SavedRegions") -> None:
        """Go on with the regions of another emulator, with loaded backends of moto."""
        with self.lock:
            for owner, region in regions.items():
                region.resume(self._launcher(*owner))
                self.regions[owner] = region
        self.wake()

    def _create(self, account: str, region: str) -> "Region":
        # Imports moto's backends, which takes long and is not needed without a fleet.
        from .region import Region

        settings = Settings().changed(json.loads(os.environ.get(FLEET) or "{}"))
        return Region(account, region, self._launcher(account, region), settings)

    def _launcher(self, account: str, region: str) -> "TaskLauncher":
        """The launcher of a region's tasks; with the first region the agent's thread starts."""
        from ecs_fleet_emulator.tasks.environment import TaskConfig
        from ecs_fleet_emulator.tasks.launcher import TaskLauncher

        config = TaskConfig.from_environ()
        if not self.regions:
            if config.stack:
                # A killed emulator of the same stack may have left containers.
                from ecs_fleet_emulator.tasks import container

                container.remove_all(config.stack)
            ADVANCER.sources["fleet"] = self
            CLOCK.on_resumed.append(self.wake)
            self._due = CLOCK.monotonic()
            threading.Thread(target=self._run, name="fleet-agent", daemon=True).start()

        def exited(task: str, container: str, status: int) -> None:
            with self.lock:
                self.regions[account, region].container_exited(task, container, status)
            self.wake()

        def checked(task: str, container: str, passed: bool | Health) -> None:
            with self.lock:
                self.regions[account, region].health_checked(task, container, passed)
            self.wake()

        return TaskLauncher(account, region, config, exited, checked)

    def due(self) -> float | None:
        """The moment of the next scheduled change, on the clock."""
        with self.lock:
            return self._due

    def run_due(self) -> bool:
        """Step all regions.

        Whether anything changed to which others react, since the last call: where time is moved,
        the agent's thread may take a step before its mover.
        """
        with self.lock:
            before = self._changes_known
            self._step_all()
            self._changes_known = self._changes()
            return self._changes_known != before

    def busy(self) -> str:
        """The tasks that are ending: their processes need real time for it, until they are killed.

        What a task does between its start and its end is not waited for.
        """
        with self.lock:
            ending = [task for region in self.regions.values() for task in region.ending_tasks()]
        return f"tasks that are being stopped: {', '.join(ending)}" if ending else ""

    def _changes(self) -> int:
        return sum(region.journal.number for region in self.regions.values())

    def _run(self) -> None:
        while True:
            due = self._due
            wait = None if due is None else max(due - CLOCK.monotonic(), _MIN_WAIT)
            self._woken.wait(wait)
            self._woken.clear()
            with self.lock:
                self._step_all()

    def _step_all(self) -> None:
        waits = [self._step(region) for region in self.regions.values()]
        wait = min((seconds for seconds in waits if seconds is not None), default=None)
        self._due = None if wait is None else CLOCK.monotonic() + max(wait, _MIN_WAIT)

    def _step(self, region: "Region") -> float | None:
        try:
            return region.step()
        except Exception:  # one region that fails must not stop the others
            LOG.exception("the fleets of %s/%s could not be stepped", region.account, region.name)
            return _WAIT_AFTER_ERROR
