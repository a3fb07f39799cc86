"""The textbook's policy: an alarm of one minute on the queue's own depth, steps of one.

SQS publishes a point a minute of the visible messages, and may be up to a quarter of an hour late
once the queue was idle for six hours. The service and the Auto Scaling group are moved together,
one task at a time; messages in flight are not counted.
"""

from infra.capacity.day.arrivals import Arrival
from infra.capacity.day.cooldown import Cooldown
from infra.capacity.day.policy import World
from infra.capacity.figures import Figures

MINUTE = 60.0
EMPTY_MINUTES = 15


class QueueDepthPolicy:
    """One task more while messages are visible, one fewer once none was for 15 minutes."""

    def __init__(self, figures: Figures, maximum: int) -> None:
        self._figures = figures
        self._maximum = maximum
        default = figures["scaling_cooldown_default"]
        self._cooldown = Cooldown(default, default)
        self._silent_until = 0.0
        self._empty = 0

    def start(self, world: World) -> None:
        """A point at the end of every minute."""
        world.clock.every(MINUTE, lambda: self._point(world), MINUTE)

    def admits(self, _world: World, _job: Arrival) -> bool:
        """Every request is taken."""
        return True

    def accepted(self, _world: World, _job: Arrival) -> None:
        """Nothing happens until the metric shows it."""

    def _point(self, world: World) -> None:
        now, queue, fleet = world.clock.now, world.queue, world.fleet
        if fleet.running:
            queue.last_activity = now  # workers poll, and polling keeps the metrics awake
        if now - queue.last_activity > self._figures["sqs_idle_after"]:
            lag = fleet.chance.uniform(0, self._figures["sqs_metric_lag"])
            self._silent_until = now + MINUTE + lag
        elif now < self._silent_until and queue.visible:
            return
        self._empty = 0 if queue.visible else self._empty + 1
        before = fleet.desired_tasks
        if queue.visible:
            after = self._cooldown.scale_out(now, before, 1, self._maximum)
        elif self._empty >= EMPTY_MINUTES:
            after = self._cooldown.scale_in(now, before, -1, 0)
        else:
            return
        if before == 0 and after:
            world.ledger.wakes += 1
        fleet.desired_tasks = fleet.desired_instances = after
        fleet.settle()
