"""The original's policy, as its published Terraform and Lambda functions have it.

https://github.com/aws-samples/amazon-scalable-infra-discord-diffusion at b13ea0f. Six looks a
minute are published as a custom metric of standard resolution, so that alarms with periods of
10 s see one point a minute; the same alarms move the service and the Auto Scaling group, each by
one. Where its behaviour on AWS is not certain, the kinder reading is simulated: alarms never lapse,
and nothing is throttled.
"""

from collections import defaultdict

from infra.capacity.day.arrivals import Arrival
from infra.capacity.day.cooldown import Cooldown
from infra.capacity.day.policy import World
from infra.capacity.figures import Figures

MINUTE = 60.0
# The offsets of its looks within the minute: five waits of 9 s.
LOOKS = (0.0, 9.0, 18.0, 27.0, 36.0, 45.0)
EVALUATION = 10.0


class MinuteAverages:
    """A metric of standard resolution with the statistic Average: one point a minute."""

    def __init__(self) -> None:
        self._points: dict[int, list[float]] = defaultdict(list)

    def put(self, now: float, value: float) -> None:
        """PutMetricData."""
        self._points[int(now // MINUTE)].append(value)

    def latest(self, now: float) -> float | None:
        """The point of the current minute, so far."""
        values = self._points.get(int(now // MINUTE))
        return sum(values) / len(values) if values else None

    def window(self, now: float, seconds: float) -> list[float] | None:
        """The points of the last `seconds`; None unless they reach back that far."""
        first, last = int((now - seconds) // MINUTE), int(now // MINUTE)
        if first not in self._points:
            return None
        found = [self._points[minute] for minute in range(first, last + 1) if self._points[minute]]
        return [sum(values) / len(values) for values in found]


class PublishedPolicy:
    """Scale-out by one after 150 s and every 600 s, scale-in by one after 25 minutes."""

    def __init__(self, figures: Figures, maximum: int) -> None:
        self._figures = figures
        self._maximum = maximum
        self._adjustment = MinuteAverages()
        self._messages = MinuteAverages()
        cooldown, default = figures["original_out_cooldown"], figures["scaling_cooldown_default"]
        self._service = Cooldown(cooldown, default)
        self._group = Cooldown(cooldown, 0)
        self._next_action = 0.0
        self._woken_in = -1

    def start(self, world: World) -> None:
        """Look six times a minute, evaluate alarms every 10 s, scale at most once a minute."""
        for offset in LOOKS:
            world.clock.every(MINUTE, lambda: self._look(world), offset)
        world.clock.every(EVALUATION, lambda: self._evaluate(world), EVALUATION)

    def admits(self, _world: World, _job: Arrival) -> bool:
        """Every request is taken."""
        return True

    def accepted(self, _world: World, _job: Arrival) -> None:
        """Nothing happens until an alarm says so."""

    def _look(self, world: World) -> None:
        world.ledger.express_seconds += 9.0 if world.clock.now % MINUTE < LOOKS[-1] else 1.0
        world.ledger.looks += 1
        messages = world.queue.backlog
        wanted = -(-messages // self._figures.count("original_jobs_per_task"))
        self._adjustment.put(world.clock.now, wanted - len(world.fleet.tasks))
        self._messages.put(world.clock.now, messages)

    def _evaluate(self, world: World) -> None:
        self._wake(world)
        now = world.clock.now
        if now < self._next_action:
            return
        rising = self._adjustment.window(now, self._figures["original_out_seconds"])
        falling = self._adjustment.window(now, self._figures["original_in_seconds"])
        if rising and min(rising) >= 1:
            self._scale(world, 1)
        elif falling and max(falling) <= -1:
            self._scale(world, -1)

    def _scale(self, world: World, change: int) -> None:
        """One alarm, two policies that know nothing of each other."""
        now, fleet = world.clock.now, world.fleet
        self._next_action = now + MINUTE
        tasks, instances = fleet.desired_tasks, fleet.desired_instances
        if change > 0:
            fleet.desired_tasks = self._service.scale_out(now, tasks, change, self._maximum)
            fleet.desired_instances = self._group.scale_out(now, instances, change, self._maximum)
        else:
            fleet.desired_tasks = self._service.scale_in(now, tasks, change, 0)
            fleet.desired_instances = self._group.scale_in(now, instances, change, 0)
        fleet.settle()

    def _wake(self, world: World) -> None:
        """Start from zero, if just one message is there: with two, its Lambda does nothing."""
        minute = int(world.clock.now // MINUTE)
        messages = self._messages.latest(world.clock.now)
        if minute == self._woken_in or messages is None or messages < 0.2:
            return
        self._woken_in = minute
        if world.queue.backlog != 1 or world.fleet.desired_instances != 0:
            return
        world.ledger.wakes += 1
        world.fleet.desired_instances = 1
        world.fleet.settle()

        def update_service() -> None:
            world.fleet.desired_tasks = 1
            world.fleet.settle()

        world.clock.after(self._figures["original_wake_wait"], update_service)
