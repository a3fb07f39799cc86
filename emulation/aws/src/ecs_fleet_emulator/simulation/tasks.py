"""The lifecycle of a task: it is added, started, stopped or lost with its instance, and deleted."""

from signal import SIGKILL, SIGTERM

from .effects import SignalTask, StartTask
from .snapshots import Service
from .state import LIVE, CrashRule, Fault, FleetState, Status, Task

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


def add(state: FleetState, service: Service, provider: str | None, now: float) -> Task:
    """Add a task of a service, or of a request in the form of one; it waits to be placed."""
    task = Task(
        id=state.new_id(),
        service=service.key,
        definition=service.definition,
        resources=service.task_resources,
        stop_timeout=service.stop_timeout,
        provider=provider,
        created=now,
        deployment=service.deployment,
        daemon=service.daemon,
    )
    state.tasks[task.id] = task
    return task


def advance(state: FleetState, task: Task, now: float) -> None:
    """Start, kill or delete a task when its time has come."""
    crash = state.crash_rules.get(task.service)
    match task.status:
        case Status.PENDING if state.is_due(task.start_at, now):
            if crash == CrashRule(None):
                fail_to_start(state, task, CRASHED_AT_START, now)
            elif Fault.IMAGE_PULL in state.faults:
                fail_to_start(state, task, IMAGE_NOT_PULLED, now)
            else:
                state.effects.append(StartTask(task.id))
        case Status.RUNNING if crash and crash.after is not None and task.started is not None:
            if state.is_due(task.started + crash.after, now):
                state.effects.append(SignalTask(task.id, SIGKILL))
        case Status.STOPPING if task.kill_at is None:
            _stop_once_connected(state, task, now)
        case Status.STOPPING if task.kill_at is not None and state.is_due(task.kill_at, now):
            state.effects.append(SignalTask(task.id, SIGKILL))
        case Status.STOPPED if task.stopped is not None:
            if now >= task.stopped + state.settings.remember_seconds:
                del state.tasks[task.id]


def stop(
    state: FleetState, task: Task, now: float, reason: str, code: str = "ServiceSchedulerInitiated"
) -> None:
    """Stop a task: at once if it does not run yet, else by SIGTERM and later SIGKILL."""
    if task.status not in LIVE:
        return
    task.reason, task.stop_code = reason, code
    if task.started is None:
        end(state, task, now)
        return
    task.status = Status.STOPPING
    instance = state.instances.get(task.instance or 0)
    if instance is not None and not state.is_connected(instance):
        task.kill_at = None
        return  # The agent does not hear of it; its instance is counted as busy.
    floor = min(task.stop_timeout, state.settings.stop_floor_seconds) * state.settings.speed
    task.kill_at = now + max(task.stop_timeout, floor)
    state.timers.append(task.kill_at)
    state.effects.append(SignalTask(task.id, SIGTERM))


def _stop_once_connected(state: FleetState, task: Task, now: float) -> None:
    instance = state.instances.get(task.instance or 0)
    if instance is not None and state.is_connected(instance):
        task.status = Status.RUNNING
        stop(state, task, now, task.reason, task.stop_code or "ServiceSchedulerInitiated")


def lose_tasks(state: FleetState, instance: int, now: float, reason: str) -> None:
    """End the tasks of an instance that is terminated: their processes get SIGKILL."""
    for task in state.tasks_on(instance):
        if task.started is not None:
            state.effects.append(SignalTask(task.id, SIGKILL))
            task.exit_code = 137
        task.reason, task.stop_code = reason, "TerminationNotice"
        end(state, task, now)


def fail_to_start(state: FleetState, task: Task, reason: str, now: float) -> None:
    """End a task whose process could not be started; its service pauses before the next one."""
    task.reason, task.stop_code = reason, "TaskFailedToStart"
    end(state, task, now)
    deployment = state.deployments.get(task.service)
    if deployment is not None:
        deployment.failed_tasks += 1
        pause = min(FIRST_PAUSE * 2 ** (deployment.failed_tasks - 1), LONGEST_PAUSE)
        deployment.retry_at = now + pause


def end(state: FleetState, task: Task, now: float) -> None:
    """Mark a task as stopped, and schedule a step at once, in which its service reacts."""
    task.status, task.stopped = Status.STOPPED, now
    state.timers.append(now)
