"""Instances, tasks and the jobs they do."""

import random
from dataclasses import dataclass, field

from infra.capacity.day.arrivals import Arrival
from infra.capacity.day.clock import Clock
from infra.capacity.day.outcome import Ending, Fate, Ledger
from infra.capacity.day.queue import JobQueue


@dataclass(frozen=True)
class Pace:
    """How fast things go, in seconds, and how careful the workers are."""

    register: float
    pull: float
    start: float
    job: float
    visibility: float
    checks_token: bool
    protects_busy: bool


@dataclass(eq=False)
class Instance:
    """One container instance with one GPU."""

    launched_at: float
    registered: bool = False
    has_image: bool = False
    gone: bool = False
    task: "Task | None" = None
    empty_since: float = 0.0


@dataclass(eq=False)
class Task:
    """One worker on one instance."""

    instance: Instance
    running: bool = False
    stopped: bool = False
    job: Arrival | None = None
    busy_since: float = 0.0


@dataclass
class Fleet:
    """An ECS service and the Auto Scaling group under it.

    `desired_tasks` is the service's desired count; `desired_instances` the group's. Tasks beyond
    the instances wait until there is one. Whoever sets a count calls `settle` afterwards.
    """

    clock: Clock
    queue: JobQueue
    ledger: Ledger
    pace: Pace
    chance: random.Random
    desired_tasks: int = 0
    desired_instances: int = 0
    instances: list[Instance] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    @property
    def running(self) -> int:
        """Tasks that have reached RUNNING."""
        return sum(1 for task in self.tasks if task.running)

    @property
    def unplaced(self) -> int:
        """Tasks that wait for an instance."""
        return max(0, self.desired_tasks - len(self.tasks))

    def settle(self) -> None:
        """Do what the counts ask for: launch, terminate, place, stop."""
        while len(self.instances) < self.desired_instances:
            self._launch()
        while len(self.instances) > self.desired_instances:
            self._terminate(self._victim())
        self._stop_surplus()
        for instance in self.instances:
            if len(self.tasks) < self.desired_tasks and instance.registered and not instance.task:
                self._place(instance)

    def terminate_empty(self, idle_seconds: float) -> None:
        """Let go of instances that had no task for `idle_seconds`, as managed scaling does."""
        for instance in list(self.instances):
            idle = self.clock.now - instance.empty_since
            if instance.registered and not instance.task and idle >= idle_seconds:
                self.desired_instances -= 1
                self._terminate(instance)

    def offer(self) -> None:
        """Let idle workers receive: their long polls return as soon as there is a message."""
        for task in self.tasks:
            if task.running and task.job is None and not self._receive(task):
                return

    def close(self) -> None:
        """The day is over: count what still runs."""
        for instance in self.instances:
            self.ledger.instance_seconds += self.clock.now - instance.launched_at

    def _launch(self) -> None:
        instance = Instance(self.clock.now)
        self.instances.append(instance)

        def registered() -> None:
            if not instance.gone:
                instance.registered = True
                instance.empty_since = self.clock.now
                self.settle()

        self.clock.after(self.pace.register, registered)

    def _victim(self) -> Instance:
        """The group's choice. It knows nothing of tasks, protected or not, unless told to."""
        return self.chance.choice(self.instances)

    def _terminate(self, instance: Instance) -> None:
        instance.gone = True
        self.instances.remove(instance)
        self.ledger.instance_seconds += self.clock.now - instance.launched_at
        if instance.task:
            self._stop(instance.task)

    def _place(self, instance: Instance) -> None:
        task = Task(instance)
        instance.task = task
        self.tasks.append(task)

        def pulled() -> None:
            instance.has_image = True
            self.clock.after(self.pace.start, ready)

        def ready() -> None:
            if not task.stopped:
                task.running = True
                self._receive(task)

        self.clock.after(0 if instance.has_image else self.pace.pull, pulled)

    def _stop_surplus(self) -> None:
        """Stop tasks beyond the desired count: starting ones first, and busy ones last if at all.

        A service without protection chooses blindly among its running tasks.
        """
        while len(self.tasks) > self.desired_tasks:
            starting = [task for task in self.tasks if not task.running]
            idle = [task for task in self.tasks if task.running and task.job is None]
            if starting:
                self._stop(starting[-1])
            elif self.pace.protects_busy and not idle:
                return
            else:
                self._stop(self.chance.choice(idle if self.pace.protects_busy else self.tasks))

    def _stop(self, task: Task) -> None:
        task.stopped, task.running = True, False
        self.tasks.remove(task)
        task.instance.task = None
        task.instance.empty_since = self.clock.now
        if task.job is not None:
            self._kill(task, task.job)

    def _kill(self, task: Task, job: Arrival) -> None:
        """A worker is gone in the middle of a job: the message is seen again when it times out."""
        worked = self.clock.now - task.busy_since
        self.ledger.busy_seconds += worked
        self.ledger.wasted_seconds += worked
        self.ledger.killed_while_busy += 1

        def seen_again() -> None:
            self.queue.give_back(job)
            self.offer()

        self.clock.after(max(0.0, self.pace.visibility - worked), seen_again)

    def _receive(self, task: Task) -> bool:
        """Take the next job that is worth it; False if the queue has none."""
        while (job := self.queue.receive(self.clock.now)) is not None:
            if self.pace.checks_token and self.clock.now + self.pace.job > job.expires_at:
                self._end(job, Fate.REFUSED)
                continue
            self._work(task, job)
            return True
        return False

    def _work(self, task: Task, job: Arrival) -> None:
        if task.job is not None or task.stopped:
            raise RuntimeError(f"a task that is busy or stopped was given job {job.id}")
        task.job, task.busy_since = job, self.clock.now

        def done() -> None:
            if task.stopped:
                return
            task.job = None
            self.ledger.busy_seconds += self.pace.job
            late = self.clock.now > job.expires_at
            if late:
                self.ledger.wasted_seconds += self.pace.job
            self._end(job, Fate.SILENT if late else Fate.ANSWERED)
            self._stop_surplus()
            self.offer()  # this task, if it is still there, and whoever waited for this user

        self.clock.after(self.pace.job, done)

    def _end(self, job: Arrival, fate: Fate) -> None:
        self.queue.delete(job)
        self.ledger.endings.append(Ending(job, fate, self.clock.now))
