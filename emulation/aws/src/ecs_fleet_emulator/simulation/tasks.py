"""The lifecycle of a task: it is added, started, stopped or lost with its instance, and deleted."""

from signal import SIGKILL

from . import containers, health
from .effects import SignalContainer
from .snapshots import Service
from .state import LIVE, ContainerStatus, CrashRule, Fault, FleetState, Status, Task, TaskContainer

# After tasks that fail to start, the next one is started after a growing pause, in seconds.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 900.0

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
IMAGE_NOT_PULLED = (
    "CannotPullContainerError: Error response from daemon: manifest unknown:"
    " Requested image not found"
)
CRASHED_AT_START = "CannotStartContainerError: the container was made to fail at its start"
FAILED_TO_START = "TaskFailedToStart"
UNHEALTHY = "Task failed container health checks"


def add(state: FleetState, service: Service, provider: str | None, now: float) -> Task:
    """Add a task of a service, or of a request in the form of one; it waits to be placed."""
    task = Task(
        id=state.new_id(),
        service=service.key,
        definition=service.definition,
        resources=service.task_resources,
        containers=[TaskContainer(one) for one in service.containers],
        provider=provider,
        created=now,
        deployment=service.deployment,
        daemon=service.daemon,
    )
    state.tasks[task.id] = task
    return task


def advance(state: FleetState, task: Task, now: float) -> None:
    """Start, check, kill or delete a task when its time has come."""
    match task.status:
        case Status.PENDING if state.is_due(task.start_at, now):
            _start(state, task, now)
        case Status.RUNNING:
            _crash(state, task, now)
            health.check(state, task, now)
        case Status.STOPPING if is_reached(state, task):
            _stop_containers(state, task, now)
        case Status.STOPPED if task.stopped is not None:
            if now >= task.stopped + state.settings.remember_seconds:
                del state.tasks[task.id]


def _start(state: FleetState, task: Task, now: float) -> None:
    """Start what can be started of a task that has its image."""
    if not any(one.started for one in task.containers):
        if state.crash_rules.get(task.service) == CrashRule(None):
            fail_to_start(state, task, CRASHED_AT_START, now)
            return
        if Fault.IMAGE_PULL in state.faults:
            fail_to_start(state, task, IMAGE_NOT_PULLED, now)
            return
    health.check(state, task, now)
    containers.start(state, task, now)
    given_up = containers.essential_ended(task)
    if given_up is not None:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
        stop(state, task, now, "Task failed to start", FAILED_TO_START)
        _count_failure(state, task, now)
    else:
        _run(task, now)


def _run(task: Task, now: float) -> None:
    """Let a task run once all of its containers have been started."""
    if task.status is Status.PENDING and containers.all_started(task):
        task.status, task.started = Status.RUNNING, now


def _crash(state: FleetState, task: Task, now: float) -> None:
    """Kill what a crash rule is for."""
    crash = state.crash_rules.get(task.service)
    if not crash or crash.after is None or task.started is None:
        return
    if state.is_due(task.started + crash.after, now):
        for container in containers.running(task):
            state.effects.append(SignalContainer(task.id, container.name, SIGKILL))


def container_started(state: FleetState, task: Task, container: TaskContainer, now: float) -> None:
    """A container's process runs; one of a task that was stopped meanwhile is killed."""
    if container.status is ContainerStatus.PENDING:
        container.status, container.started = ContainerStatus.RUNNING, now
        _run(task, now)
    elif container.status is ContainerStatus.STOPPED:
        state.effects.append(SignalContainer(task.id, container.name, SIGKILL))
        state.timers.append(now)


def container_not_started(
    state: FleetState, task: Task, container: TaskContainer, reason: str, now: float
) -> None:
    """A container could not be started; the task goes on without one that is not essential."""
    if container.definition.essential:
        fail_to_start(state, task, reason, now, container)
    else:
        containers.give_up(container, reason, None, now)
        _run(task, now)


def container_exited(
    state: FleetState, task: Task, container: TaskContainer, code: int, now: float
) -> None:
    """A container's process has ended: with an essential one, the others are stopped.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    if container.status is ContainerStatus.STOPPED:
        return
    container.status, container.stopped, container.exit_code = ContainerStatus.STOPPED, now, code
    if task.status in LIVE and container.definition.essential:
        if task.started is None:
            _count_failure(state, task, now)
        reason = "Essential container in task exited"
        stop(state, task, now, reason, "EssentialContainerExited")
    elif task.status is Status.STOPPING and containers.all_stopped(task):
        end(state, task, now)
    state.timers.append(now)


def stop(
    state: FleetState, task: Task, now: float, reason: str, code: str = "ServiceSchedulerInitiated"
) -> None:
    """Stop a task: at once if nothing of it runs, else by SIGTERM and later SIGKILL.

    An agent that is not connected does not hear of it yet; its instance is counted as busy.
    """
    if task.status not in LIVE:
        return
    task.reason, task.stop_code = reason, code
    task.status = Status.STOPPING
    if is_reached(state, task) or not containers.running(task):
        _stop_containers(state, task, now)


def _stop_containers(state: FleetState, task: Task, now: float) -> None:
    containers.stop(state, task, now)
    if containers.all_stopped(task):
        end(state, task, now)


def is_reached(state: FleetState, task: Task) -> bool:
    """Whether the agent on a task's instance hears what ECS wants."""
    instance = state.instances.get(task.instance or 0)
    return instance is None or state.is_connected(instance)


def lose_tasks(state: FleetState, instance: int, now: float, reason: str) -> None:
    """End the tasks of an instance that is terminated: their processes get SIGKILL."""
    for task in state.tasks_on(instance):
        containers.kill(state, task, now)
        task.reason, task.stop_code = reason, "TerminationNotice"
        end(state, task, now)


def fail_to_start(
    state: FleetState,
    task: Task,
    reason: str,
    now: float,
    container: TaskContainer | None = None,
) -> None:
    """End a task of which a container could not be started, by default the first one."""
    failed = container or task.containers[0]
    containers.give_up(failed, reason, None, now)
    stop(state, task, now, reason, FAILED_TO_START)
    _count_failure(state, task, now)


def _count_failure(state: FleetState, task: Task, now: float) -> None:
    """Let the service pause before its next task."""
    deployment = state.deployments.get(task.service)
    if deployment is not None:
        deployment.failed_tasks += 1
        pause = min(FIRST_PAUSE * 2 ** (deployment.failed_tasks - 1), LONGEST_PAUSE)
        deployment.retry_at = now + pause


def end(state: FleetState, task: Task, now: float) -> None:
    """Mark a task as stopped, and schedule a step at once, in which its service reacts."""
    task.status, task.stopped = Status.STOPPED, now
    state.timers.append(now)
