"""Our policy: woken by the first request, looks every 15 s, steps as large as the need.

The counts come from `discord_diffusion.scaling`; alarms and step policies are simulated as AWS runs
them: the shortfall alarm (10 s, Maximum) leads to a step at once, the surplus alarm (Minimum) to
what was spare all its period. The Auto Scaling group follows the service through a capacity
provider with managed scaling; where the deployment sees to it itself, it is raised by the wake-up
and loses empty instances by the next look.
"""

from dataclasses import dataclass

from discord_diffusion.fleet.demand import (
    Observation,
    ScalingTarget,
    desired_tasks,
    measure,
)
from discord_diffusion.fleet.wait_estimate import expected_wait_seconds
from infra.capacity.day.arrivals import TOKEN_SECONDS, Arrival
from infra.capacity.day.cooldown import Cooldown
from infra.capacity.day.policy import World
from infra.capacity.figures import Boot, Figures, Stage
from infra.capacity.step_adjustments import (
    SHORTFALL_THRESHOLD,
    SURPLUS_THRESHOLD,
    adjustment_for,
    scale_in_steps,
    scale_out_steps,
)

MINUTE = 60.0
# Two looks: a point that was measured before the last step took effect does not count twice.
OUT_COOLDOWN = 30.0
IN_COOLDOWN = 60.0
# Kept free at the end of a token for the upload.
TOKEN_MARGIN = 15.0


@dataclass(frozen=True)
class Following:
    """How instances follow tasks: whether the wake-up raises the Auto Scaling group as well and the
    looks release empty instances; else how many instances the capacity provider starts from zero,
    and for how many seconds it keeps one without a task."""

    by_ourselves: bool
    first_instances: int
    empty_seconds: float


class OurPolicy:
    """Scale-out by the shortfall, scale-in by what was spare for a while."""

    def __init__(
        self, figures: Figures, target: ScalingTarget, boot: Boot, following: Following
    ) -> None:
        self._figures = figures
        self._target = target
        self._boot = boot
        self._following = following
        self._out_steps = scale_out_steps(target.maximum)
        self._in_steps = scale_in_steps(target.maximum)
        self._cooldown = Cooldown(OUT_COOLDOWN, IN_COOLDOWN)
        self._surplus: list[tuple[float, int]] = []

    def start(self, world: World) -> None:
        """Looks, the surplus alarm and the capacity provider, each at its own pace."""
        world.clock.every(self._figures["look_every"], lambda: self._look(world))
        world.clock.every(MINUTE, lambda: self._scale_in(world), MINUTE)
        world.clock.every(
            self._figures["reservation_period"], lambda: self._publish_reservation(world)
        )

    def admits(self, world: World, _job: Arrival) -> bool:
        """Refuse what cannot be answered before its token ends."""
        fleet, seen = world.fleet, _observe(world)
        after = Observation(seen.visible + 1, seen.in_flight, seen.running, seen.pending)
        tasks = max(desired_tasks(after, self._target), fleet.desired_tasks)
        wait = expected_wait_seconds(
            world.queue.backlog,
            running=fleet.running,
            starting=max(0, tasks - fleet.running),
            seconds_until_started=self._boot.phases().total_seconds,
            seconds_per_job=fleet.pace.job,
        )
        return wait + TOKEN_MARGIN <= TOKEN_SECONDS

    def accepted(self, world: World, _job: Arrival) -> None:
        """The first job of a sleeping fleet wakes it."""
        if world.fleet.desired_tasks == 0:
            world.clock.after(self._wake_seconds(), lambda: self._wake(world))

    def _wake_seconds(self) -> float:
        return next(step.seconds for step in self._boot.steps if step.stage is Stage.CONTROL)

    def _wake(self, world: World) -> None:
        fleet = world.fleet
        if fleet.desired_tasks:
            return
        world.ledger.wakes += 1
        fleet.desired_tasks = max(1, desired_tasks(_observe(world), self._target))
        if self._following.by_ourselves and fleet.desired_instances == 0:
            fleet.desired_instances = fleet.desired_tasks
        fleet.settle()

    def _look(self, world: World) -> None:
        """The Lambda `backlog`: measure and publish; the loop ends early if there is nothing."""
        now, seen = world.clock.now, _observe(world)
        awake = bool(seen.asked_for or seen.backlog or world.fleet.instances)
        first = now % MINUTE < self._figures["look_every"]
        world.ledger.express_seconds += self._figures["look_every"] if awake else float(first)
        world.ledger.looks += awake or first
        if not awake:
            return
        found = measure(seen, self._target)
        if self._following.by_ourselves and found.wanted <= seen.running == seen.asked_for:
            world.fleet.terminate_empty(0.0)
        self._surplus.append((now, found.surplus))
        change = adjustment_for(self._out_steps, SHORTFALL_THRESHOLD, found.shortfall)
        if change is not None:
            step = change
            world.clock.after(self._figures["alarm_delay"], lambda: self._scale_out(world, step))

    def _scale_out(self, world: World, change: int) -> None:
        fleet = world.fleet
        fleet.desired_tasks = self._cooldown.scale_out(
            world.clock.now, fleet.desired_tasks, change, self._target.maximum
        )
        fleet.settle()

    def _scale_in(self, world: World) -> None:
        """The alarm on the Minimum of the surplus, and the step for that minimum."""
        now, fleet = world.clock.now, world.fleet
        self._surplus = [
            point for point in self._surplus if point[0] > now - self._target.hold_seconds
        ]
        if not self._surplus:
            return
        least = min(surplus for _, surplus in self._surplus)
        change = adjustment_for(self._in_steps, SURPLUS_THRESHOLD, least)
        if change is not None:
            fleet.desired_tasks = self._cooldown.scale_in(
                now, fleet.desired_tasks, change, self._target.minimum
            )
            fleet.settle()

    def _publish_reservation(self, world: World) -> None:
        """CapacityProviderReservation and its alarm, one period later."""
        fleet = world.fleet
        fleet.terminate_empty(self._following.empty_seconds)
        needed = max(fleet.desired_tasks, len(fleet.tasks))
        if needed <= fleet.desired_instances:
            return

        def follow() -> None:
            wanted = max(fleet.desired_tasks, len(fleet.tasks))
            if fleet.desired_instances == 0 and wanted:
                wanted = max(wanted, self._following.first_instances)
            fleet.desired_instances = min(
                self._target.maximum, max(fleet.desired_instances, wanted)
            )
            fleet.settle()

        world.clock.after(self._figures["reservation_period"], follow)


def _observe(world: World) -> Observation:
    fleet, queue = world.fleet, world.queue
    return Observation(
        queue.visible,
        queue.in_flight,
        fleet.running,
        max(0, fleet.desired_tasks - fleet.running),
    )
