"""A running experiment: its actions begin after each other, end in time, and are undone.

Times are the emulator's clock's, divided like those of the scaling loop. The states and what
becomes of the actions of a stopped experiment are AWS's.
https://docs.aws.amazon.com/fis/latest/userguide/experiments.html
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from ecs_fleet_emulator.clock.timers import Timer, Timers
from ecs_fleet_emulator.errors import ExperimentError

from .templates import ALARM

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""Between looks at the alarms of the stop conditions."""
Undo = Callable[[], object]
"""Takes back what an action did; called at its end."""


class State(StrEnum):
    """The state of an experiment, or of an action of it."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


OVER = (State.COMPLETED, State.STOPPED, State.FAILED, State.CANCELLED, State.SKIPPED)


@dataclass(frozen=True)
class Begun:
    """An action that has begun: how long it lasts in AWS's seconds, and how it is undone.

    `struck` counts the calls or invocations that it has struck.
    """

    seconds: float = 0.0
    undo: Undo | None = None
    struck: Callable[[], int] | None = None


class World(Protocol):
    """What experiments act on."""

    speed: float
    """Divides the times of experiments."""

    def resolve(self, target: Mapping[str, Any]) -> list[str]:
        """The ARNs of the resources that a target stands for now, after its selection.

        Raises:
            ExperimentError: they cannot be found out.
        """

    def begin(self, action: Mapping[str, Any], resources: Sequence[str]) -> Begun:
        """Begin an action on resources.

        Raises:
            ExperimentError: it cannot be done.
        """

    def is_alarming(self, alarm_arn: str) -> bool:
        """Whether an alarm is in the state ALARM."""

    def note_change(self) -> None:
        """An experiment has begun or ended."""


@dataclass
class RunningAction:
    """An action of an experiment."""

    definition: Mapping[str, Any]
    state: State = State.PENDING
    reason: str = "Initial state"
    started: datetime | None = None
    ended: datetime | None = None
    undo: Undo | None = None
    struck: Callable[[], int] | None = None
    timer: Timer | None = None

    @property
    def report(self) -> str:
        """Why it is in its state, and what it has struck."""
        return self.reason if self.struck is None else f"{self.reason} Struck: {self.struck()}."

    def become(self, state: State, reason: str) -> None:
        """Enter a state, for a reason."""
        self.state, self.reason = state, reason
        if state in OVER and self.started is not None:
            self.ended = datetime.now(UTC)


@dataclass
class Experiment:
    """An experiment of a template, from its start on."""

    id: str
    template: Mapping[str, Any]
    world: World
    timers: Timers
    tags: dict[str, str] = field(default_factory=dict)
    skips_all: bool = False
    state: State = State.PENDING
    reason: str = "Experiment is pending"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    resolved: dict[str, list[str]] = field(default_factory=dict)
    actions: dict[str, RunningAction] = field(default_factory=dict)
    _look: Timer | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self) -> None:
        """Resolve the targets, and begin the actions that wait for no other."""
        with self._lock:
            self.world.note_change()
            self.started = datetime.now(UTC)
            self.actions = {
                name: RunningAction(one) for name, one in self.template["actions"].items()
            }
            for name, target in (self.template.get("targets") or {}).items():
                try:
                    self.resolved[name] = self.world.resolve(target)
                except Exception as error:  # else the experiment would stay pending for ever
                    if not isinstance(error, ExperimentError):
                        LOG.exception("a target of %s could not be resolved", self.id)
                    self._end(State.FAILED, f"The target {name} could not be resolved: {error}")
                    return
                if not self.resolved[name] and not self._may_be_empty:
                    self._end(State.FAILED, f"Target resolution returned empty set for {name}.")
                    return
            if self.skips_all:
                for action in self.actions.values():
                    action.become(State.SKIPPED, "Action was skipped, as requested.")
                self._end(State.COMPLETED, "Experiment completed.")
                return
            self.state, self.reason = State.RUNNING, "Experiment is running."
            if self._alarms:
                period = LOOK_SECONDS / self.world.speed
                self._look = self.timers.start(self._look_at_alarms, period=period)
            self._begin_next()

    def stop(self, reason: str = "Experiment halted by user or stop condition.") -> None:
        """End all actions, and undo them."""
        with self._lock:
            if self.state in OVER:
                return
            self.state = State.STOPPING
            for action in self.actions.values():
                if action.state is State.PENDING:
                    action.become(State.CANCELLED, "Action was cancelled.")
                elif action.state is State.RUNNING:
                    self._finish(action, State.STOPPED, "Action was halted by stop condition.")
            self._end(State.STOPPED, reason)

    @property
    def _may_be_empty(self) -> bool:
        options = self.template.get("experimentOptions") or {}
        return bool(options.get("emptyTargetResolutionMode") == "skip")

    @property
    def _alarms(self) -> list[str]:
        conditions = self.template["stopConditions"]
        return [one["value"] for one in conditions if one["source"] == ALARM]

    def _look_at_alarms(self) -> bool:
        alarming = next((one for one in self._alarms if self.world.is_alarming(one)), None)
        if alarming is not None:
            self.stop(f"Experiment halted by stop condition: {alarming} is in ALARM.")
        return alarming is not None

    def _begin_next(self) -> None:
        """Begin every action whose predecessors are over, until none is left to begin."""
        while self.state is State.RUNNING:
            ready = next((one for one in self.actions.values() if self._is_ready(one)), None)
            if ready is None:
                break
            self._begin(ready)
        if self.state is State.RUNNING and all(a.state in OVER for a in self.actions.values()):
            self._end(State.COMPLETED, "Experiment completed.")

    def _is_ready(self, action: RunningAction) -> bool:
        before = action.definition.get("startAfter") or []
        done = (State.COMPLETED, State.SKIPPED)
        return action.state is State.PENDING and all(self.actions[n].state in done for n in before)

    def _begin(self, action: RunningAction) -> None:
        names = (action.definition.get("targets") or {}).values()
        resources = [arn for name in names for arn in self.resolved[name]]
        if names and not resources:
            action.become(State.SKIPPED, "Action was skipped: it has no target.")
            return
        action.started = datetime.now(UTC)
        try:
            begun = self.world.begin(action.definition, resources)
        except Exception as error:  # whatever fails is the experiment's end, which says why
            if not isinstance(error, ExperimentError):
                LOG.exception("an action of %s has failed", self.id)
            action.become(State.FAILED, str(error))
            self._end_others()
            self._end(State.FAILED, f"Experiment failed: {error}")
            return
        action.undo, action.struck = begun.undo, begun.struck
        action.become(State.RUNNING, "Action is running.")
        if begun.seconds <= 0:
            self._finish(action, State.COMPLETED, "Action was completed.")
            return
        action.timer = self.timers.start(
            lambda: self._is_over(action), after=begun.seconds / self.world.speed
        )

    def _is_over(self, action: RunningAction) -> bool:
        with self._lock:
            if action.state is State.RUNNING:
                self._finish(action, State.COMPLETED, "Action was completed.")
                self._begin_next()
        return True

    def _finish(self, action: RunningAction, state: State, reason: str) -> None:
        if action.timer is not None:
            action.timer.cancel()
        if action.undo is not None:
            try:
                action.undo()
            except Exception as error:
                LOG.exception("an action of %s could not be undone", self.id)
                state, reason = State.FAILED, str(error)
        action.become(state, reason)

    def _end_others(self) -> None:
        for action in self.actions.values():
            if action.state is State.RUNNING:
                self._finish(action, State.STOPPED, "Action was halted: another one has failed.")
            elif action.state is State.PENDING:
                action.become(State.CANCELLED, "Action was cancelled.")

    def _end(self, state: State, reason: str) -> None:
        if self._look is not None:
            self._look.cancel()
        if state is State.FAILED:
            for action in self.actions.values():
                if action.state is State.PENDING:
                    action.become(State.CANCELLED, "Action was cancelled.")
        self.state, self.reason, self.ended = state, reason, datetime.now(UTC)
        self.world.note_change()
