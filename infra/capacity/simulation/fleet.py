"""The simulated fleet: instances, the tasks on them, and the jobs that the tasks draw."""

import random
from dataclasses import dataclass, field

from infra.capacity.simulation.clock import Clock
from infra.capacity.simulation.jobs import Job, JobQueue
from infra.capacity.simulation.outcome import Ending, Fate, Ledger


@dataclass(frozen=True)
class Timings:
    """How long the steps of an instance, a task and a job take, in seconds."""

    register: float
    pull: float
    start: float
    job: float


@dataclass(frozen=True)
class WarmPool:
    """A warm pool, and how long the steps of an instance out of it take; `fill`: until it is ready.

    An instance of the pool has the image; its first worker takes `start`.
    """

    size: int
    register: float
    start: float
    fill: float


@dataclass(eq=False)
class Instance:
    """One container instance with one GPU."""

    launched_at: float
    registered: bool = False
    has_image: bool = False
    first_start: float | None = None
    """How long its first worker takes to start, if not as long as any other's."""
    task: "Task | None" = None
    empty_since: float = 0.0


@dataclass(eq=False)
class Task:
    """One worker on one instance."""

    instance: Instance
    running: bool = False
    stopped: bool = False
    job: Job | None = None


@dataclass
class Fleet:
    """An ECS service and the Auto Scaling group under it.

    `desired_tasks` is the service's desired count, `desired_instances` the group's. Tasks beyond
    the instances wait for one. After a change of a count `settle` must be called. Busy tasks are
    protected: they are never stopped.
    """

    clock: Clock
    queue: JobQueue
    ledger: Ledger
    timings: Timings
    chance: random.Random
    pool: WarmPool | None = None
    desired_tasks: int = 0
    desired_instances: int = 0
    instances: list[Instance] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    pooled: int = 0

    def __post_init__(self) -> None:
        self.pooled = self.pool.size if self.pool else 0

    @property
    def running(self) -> int:
        """Tasks that have reached RUNNING."""
        return sum(1 for task in self.tasks if task.running)

    def settle(self) -> None:
        """Launch instances, stop surplus tasks and place new ones until the counts are met."""
        while len(self.instances) < self.desired_instances:
            self._launch()
        self._stop_surplus()
        for instance in self.instances:
            if len(self.tasks) < self.desired_tasks and instance.registered and not instance.task:
                self._place(instance)

    def terminate_empty(self, idle_seconds: float) -> None:
        """Terminate instances that had no task for `idle_seconds`."""
        for instance in list(self.instances):
            idle = self.clock.now - instance.empty_since
            if instance.registered and not instance.task and idle >= idle_seconds:
                self.desired_instances -= 1
                self.instances.remove(instance)
                self.ledger.instance_seconds += self.clock.now - instance.launched_at

    def receive_jobs(self) -> None:
        """Let idle workers receive: their long polls return as soon as there is a message."""
        for task in self.tasks:
            if task.running and task.job is None and not self._receive(task):
                return

    def close(self) -> None:
        """Count the instances that still run at the end."""
        for instance in self.instances:
            self.ledger.instance_seconds += self.clock.now - instance.launched_at

    def _launch(self) -> None:
        pool = self.pool if self.pooled else None
        instance = Instance(
            self.clock.now, has_image=pool is not None, first_start=pool.start if pool else None
        )
        self.instances.append(instance)
        if pool is not None:
            self.pooled -= 1
            self._fill(pool)

        def register() -> None:
            instance.registered = True
            instance.empty_since = self.clock.now
            self.settle()

        self.clock.after((pool or self.timings).register, register)

    def _fill(self, pool: WarmPool) -> None:
        """Launch an instance into the pool, where it is warmed up and stopped."""
        self.ledger.pool_fillings += 1
        self.ledger.instance_seconds += pool.fill

        def filled() -> None:
            self.pooled += 1

        self.clock.after(pool.fill, filled)

    def _place(self, instance: Instance) -> None:
        task = Task(instance)
        instance.task = task
        self.tasks.append(task)

        def start() -> None:
            instance.has_image = True
            seconds = instance.first_start or self.timings.start
            instance.first_start = None
            self.clock.after(seconds, run)

        def run() -> None:
            if not task.stopped:
                task.running = True
                self._receive(task)

        self.clock.after(0 if instance.has_image else self.timings.pull, start)

    def _stop_surplus(self) -> None:
        """Stop tasks beyond the desired count: starting ones first, then idle ones at random."""
        while len(self.tasks) > self.desired_tasks:
            starting = [task for task in self.tasks if not task.running]
            idle = [task for task in self.tasks if task.running and task.job is None]
            if starting:
                self._stop(starting[-1])
            elif idle:
                self._stop(self.chance.choice(idle))
            else:
                return

    def _stop(self, task: Task) -> None:
        task.stopped, task.running = True, False
        self.tasks.remove(task)
        task.instance.task = None
        task.instance.empty_since = self.clock.now

    def _receive(self, task: Task) -> bool:
        """Draw the next job whose token lasts long enough; False if the queue has none."""
        while (job := self.queue.receive()) is not None:
            if self.clock.now + self.timings.job > job.expires_at:
                self._end(job, Fate.REFUSED)
                continue
            self._draw(task, job)
            return True
        return False

    def _draw(self, task: Task, job: Job) -> None:
        task.job = job

        def done() -> None:
            task.job = None
            self.ledger.busy_seconds += self.timings.job
            self._end(job, Fate.ANSWERED)
            self._stop_surplus()
            self.receive_jobs()

        self.clock.after(self.timings.job, done)

    def _end(self, job: Job, fate: Fate) -> None:
        self.queue.delete(job)
        self.ledger.endings.append(Ending(job, fate, self.clock.now))
