"""The simulation of all fleets of one region. Times are AWS's seconds.

breached alarm -> desired count of a service   step_scaling.py
desired count -> tasks in PROVISIONING         services.py
waiting tasks -> desired capacity of a group   managed_scaling.py
desired capacity -> registered instances       instances.py
free resources -> tasks PENDING, RUNNING       services.py
"""

from collections.abc import Callable
from dataclasses import replace

from . import health, instances, managed_scaling, services, standalone, tasks
from .effects import Effect, InstanceTerminating, SetDesiredCapacity, SpotWarning
from .settings import Settings
from .snapshots import RegionSnapshot, Service
from .state import CrashRule, Fault, FleetState, Health, Phase, Status, Task, TaskContainer


class FleetSimulation:
    """ECS services and Auto Scaling groups of one region. `new_id` makes the ids of tasks."""

    def __init__(self, settings: Settings, new_id: Callable[[], str]) -> None:
        self.state = FleetState(settings, new_id)

    def step(self, snapshot: RegionSnapshot, now: float) -> list[Effect]:
        """Advance to `now`; the effects to carry out. Call again no later than `next_step_at`."""
        state = self.state
        state.timers.clear()
        instances.step(state, snapshot, now)
        services.step(state, snapshot, now)
        services.place(state, snapshot, now)
        standalone.place(state, snapshot, now)
        for provider in snapshot.providers.values():
            managed_scaling.step(state, snapshot, provider, now)
        instances.step(state, with_capacities(snapshot, state.effects), now)
        effects, state.effects = state.effects, []
        return effects

    @property
    def next_step_at(self) -> float | None:
        """The time of the next scheduled change; None if there is none."""
        return min(self.state.timers, default=None)

    def container_started(self, task_id: str, name: str, now: float) -> None:
        """A container's process runs."""
        tasks.container_started(self.state, *self._container(task_id, name), now)

    def container_not_started(self, task_id: str, name: str, reason: str, now: float) -> None:
        """A container's process could not be started."""
        tasks.container_not_started(self.state, *self._container(task_id, name), reason, now)

    def container_exited(self, task_id: str, name: str, code: int, now: float) -> None:
        """A container's process has ended with an exit status, or with -N by signal N."""
        if task_id in self.state.tasks:
            status = code if code >= 0 else 128 - code
            tasks.container_exited(self.state, *self._container(task_id, name), status, now)

    def health_checked(self, task_id: str, name: str, passed: bool | Health, now: float) -> None:
        """A container's health check has ended; or its engine says what it has found so far."""
        if task_id not in self.state.tasks:
            return
        _, container = self._container(task_id, name)
        if isinstance(passed, Health):
            health.reported(self.state, container, passed, now)
        else:
            health.checked(self.state, container, passed, now)

    def _container(self, task_id: str, name: str) -> tuple[Task, TaskContainer]:
        task = self.state.tasks[task_id]
        return task, task.container(name)

    def run_tasks(
        self, snapshot: RegionSnapshot, request: Service, number: int, now: float
    ) -> list[str]:
        """Run tasks by themselves, as RunTask does; the ids of those that get room."""
        return [task.id for task in standalone.run(self.state, snapshot, request, number, now)]

    def protect_task(self, task_id: str, until: float | None) -> None:
        """Protect a task from scale-in; None ends the protection."""
        task = self.state.tasks.get(task_id)
        if task is not None and task.status is not Status.STOPPED:
            task.protected_until = until

    def stop_task(self, task_id: str, reason: str, now: float) -> None:
        """Stop a task, as StopTask does."""
        tasks.stop(self.state, self.state.tasks[task_id], now, reason, "UserInitiated")

    def set_crash_rule(self, service: str, rule: CrashRule | None) -> None:
        """Make a service's tasks fail by a rule; None removes the rule."""
        if rule is None:
            self.state.crash_rules.pop(service, None)
        else:
            self.state.crash_rules[service] = rule

    def set_fault(self, fault: Fault, *, on: bool) -> None:
        """Switch a fault of the whole fleet on or off."""
        if on:
            self.state.faults.add(fault)
        else:
            self.state.faults.discard(fault)

    def interrupt(self, key: int, now: float, notice_after: float | None = None) -> bool:
        """Begin a Spot interruption of an instance. False if it is not active, or has begun.

        The notice comes after `notice_after`, or after the settings' time.
        """
        instance = self.state.instances.get(key)
        if instance is None or not instance.active or instance.rebalanced is not None:
            return False
        instance.rebalanced, instance.notice_after = now, notice_after
        self.state.effects.append(SpotWarning(key, "rebalance"))
        return True

    def terminate(self, key: int, cause: str, now: float, *, drains: bool) -> bool:
        """Take an instance out of its group. False if it is not active."""
        instance = self.state.instances.get(key)
        if instance is None or not instance.active:
            return False
        instances.take_out(self.state, instance, cause, now, drains=drains)
        return True

    def end_draining(self, key: int, now: float) -> bool:
        """Let a draining instance end without waiting for its tasks. False if it does not drain."""
        instance = self.state.instances.get(key)
        if instance is None or instance.phase is not Phase.DRAINING:
            return False
        tasks.lose_tasks(self.state, key, now, "Host EC2 was terminated.")
        return True

    def instance_lost(self, key: int, now: float) -> None:
        """Handle an instance that was terminated outside of its group: its tasks end at once."""
        instance = self.state.instances[key]
        tasks.lose_tasks(self.state, key, now, "Host EC2 was terminated.")
        instance.draining = True
        instance.phase, instance.registered, instance.ends = Phase.TERMINATING, False, now
        cause = "an instance was taken out of service outside of the group"
        self.state.effects.append(InstanceTerminating(key, cause))

    def deny_launches(self, group: str, reason: str | None) -> None:
        """Make launches in a group (`*`: all) fail for a reason; None lets them succeed again."""
        if reason is None:
            self.state.denied.pop(group, None)
            self.state.retry_launch.clear()
        else:
            self.state.denied[group] = reason


def with_capacities(snapshot: RegionSnapshot, effects: list[Effect]) -> RegionSnapshot:
    """The snapshot with the desired capacities that a step's effects set."""
    desired = {e.group: e.desired for e in effects if isinstance(e, SetDesiredCapacity)}
    groups = {
        name: replace(group, desired=desired.get(name, group.desired))
        for name, group in snapshot.groups.items()
    }
    return replace(snapshot, groups=groups)
