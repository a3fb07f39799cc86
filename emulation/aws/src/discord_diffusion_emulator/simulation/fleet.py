"""The agent's mind: what AWS does between the control planes, without any of their machinery.

Deterministic and without input or output: the same pictures of the world at the same times give
the same effects. Times are AWS's seconds, whatever the clock of the caller.

alarm -> scaling policy (steps.py, alarms.py)         a service's desired count
desired count -> tasks (tasks.py)                     PROVISIONING where there is no room
waiting tasks -> capacity provider (reservation.py)   a group's desired capacity
desired capacity -> instances (machines.py)           Pending, InService, registered
room -> placed tasks (tasks.py)                       PENDING, RUNNING
"""

from collections.abc import Callable
from dataclasses import replace

from discord_diffusion_emulator.simulation import instances as machines
from discord_diffusion_emulator.simulation import managed_scaling as reservation
from discord_diffusion_emulator.simulation import tasks
from discord_diffusion_emulator.simulation.effects import Ask, Effect
from discord_diffusion_emulator.simulation.settings import Settings
from discord_diffusion_emulator.simulation.snapshots import World
from discord_diffusion_emulator.simulation.state import (
    Crash,
    State,
    Status,
    Task,
)


class Fleet:
    """All fleets of one region."""

    def __init__(self, settings: Settings, ids: Callable[[], str]) -> None:
        self.state = State(settings, ids)

    def tick(self, world: World, now: float) -> list[Effect]:
        """What is to be done now. `next_due` then says when to come again at the latest."""
        state = self.state
        state.dues.clear()
        machines.step(state, world, now)
        tasks.step(state, world, now)
        tasks.place(state, world, now)
        for provider in world.providers.values():
            reservation.look(state, world, provider, now)
        world = with_asked(world, state.out)
        machines.step(state, world, now)
        out, state.out = state.out, []
        return out

    @property
    def next_due(self) -> float | None:
        """When something changes by itself; None if nothing does."""
        return min(self.state.dues, default=None)

    def started(self, task_id: str, now: float) -> None:
        """A task's process runs."""
        tasks.started(self.state, task_id, now)

    def not_started(self, task_id: str, reason: str, now: float) -> None:
        """A task's process could not be started."""
        tasks.not_started(self.state, task_id, reason, now)

    def exited(self, task_id: str, code: int, now: float) -> None:
        """A task's process has ended with an exit status, or -N by signal N."""
        tasks.exited(self.state, task_id, code if code >= 0 else 128 - code, now)

    def protect(self, task_id: str, until: float | None) -> Task | None:
        """Protect a task from scale-in, or no longer. None if there is no such task running."""
        task = self.state.tasks.get(task_id)
        if task is None or task.status is Status.STOPPED:
            return None
        task.protected_until = until
        return task

    def stop(self, task_id: str, reason: str, now: float) -> None:
        """Somebody stops a task."""
        tasks.stop(self.state, self.state.tasks[task_id], now, reason, "UserInitiated")

    def crash(self, service: str, crash: Crash | None) -> None:
        """Let a service's tasks fail from now on, or no longer."""
        if crash is None:
            self.state.crashing.pop(service, None)
        else:
            self.state.crashing[service] = crash

    def interrupt(self, machine: int, now: float) -> bool:
        """Begin a Spot interruption of a machine. False if it is not there or going already."""
        return machines.interrupt(self.state, machine, now)

    def release(self, machine: int, cause: str, now: float, *, drains: bool) -> bool:
        """Somebody takes a machine out of its group. False if it is not there or going already."""
        return machines.release(self.state, machine, cause, now, drains=drains)

    def vanish(self, machine: int, now: float) -> None:
        """A machine was terminated from outside."""
        machines.vanish(self.state, machine, now)

    def deny(self, group: str, reason: str | None) -> None:
        """Let launches in a group (`*`: all) fail for a reason, or succeed again (None)."""
        if reason is None:
            self.state.denied.pop(group, None)
            self.state.retry_launch.clear()
        else:
            self.state.denied[group] = reason


def with_asked(world: World, out: list[Effect]) -> World:
    """The world with the desired capacities that were asked for in a step."""
    asked = {e.group: e.desired for e in out if isinstance(e, Ask)}
    groups = {
        name: replace(group, desired=asked.get(name, group.desired))
        for name, group in world.groups.items()
    }
    return replace(world, groups=groups)
