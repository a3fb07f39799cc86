"""The containers of a task: started after those that they depend on, and stopped before them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from signal import SIGKILL, SIGTERM

from .effects import SignalContainer, StartContainer
from .snapshots import Condition, Dependency
from .state import ContainerStatus, FleetState, Health, Task, TaskContainer

# What the agent reports for a container that it gives up, as if that had got SIGTERM, and why:
# https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go
GIVEN_UP = 143
_ERROR = "CannotStartContainerError: dependency graph: "
_STARTED = (ContainerStatus.RUNNING, ContainerStatus.STOPPED)


def start(state: FleetState, task: Task, now: float) -> None:
    """Start the containers whose dependencies are met; give up those that never can be."""
    for container in task.containers:
        if container.status is not ContainerStatus.PENDING:
            continue
        reason = _hopeless(state, task, container, now)
        if reason:
            give_up(container, reason, GIVEN_UP, now)
        elif all(_is_met(task, one) for one in container.definition.depends_on):
            state.effects.append(StartContainer(task.id, container.name))


def give_up(container: TaskContainer, reason: str, code: int | None, now: float) -> None:
    """End a container that has not been started."""
    container.status, container.stopped = ContainerStatus.STOPPED, now
    container.reason, container.exit_code = reason, code


def all_started(task: Task) -> bool:
    """Whether each container runs or has run, which makes the task run."""
    return all(one.status in _STARTED for one in task.containers)


def all_stopped(task: Task) -> bool:
    """Whether no container runs, and none will."""
    return all(one.status is ContainerStatus.STOPPED for one in task.containers)


def essential_ended(task: Task) -> TaskContainer | None:
    """An essential container that has ended, with which the others are stopped."""
    stopped = [one for one in task.containers if one.status is ContainerStatus.STOPPED]
    return next((one for one in stopped if one.definition.essential), None)


def running(task: Task) -> list[TaskContainer]:
    """The containers that run."""
    return [one for one in task.containers if one.status is ContainerStatus.RUNNING]


def stop(state: FleetState, task: Task, now: float) -> None:
    """Send SIGTERM to the containers that no other one depends on, and SIGKILL when it is time."""
    for container in task.containers:
        if container.status is ContainerStatus.PENDING:
            give_up(container, "", None, now)
    for container in running(task):
        if container.kill_at is not None:
            if state.is_due(container.kill_at, now):
                state.effects.append(SignalContainer(task.id, container.name, SIGKILL))
        elif not any(_depends(other, container) for other in running(task)):
            seconds = container.definition.stop_timeout
            floor = state.real(min(seconds, state.settings.stop_floor_seconds))
            container.kill_at = now + max(seconds, floor)
            state.timers.append(container.kill_at)
            state.effects.append(SignalContainer(task.id, container.name, SIGTERM))


def kill(state: FleetState, task: Task, now: float) -> None:
    """End all containers with the instance that they run on."""
    for container in task.containers:
        if container.status is ContainerStatus.RUNNING:
            state.effects.append(SignalContainer(task.id, container.name, SIGKILL))
            container.status, container.stopped = ContainerStatus.STOPPED, now
            container.exit_code = 128 + SIGKILL
        elif container.status is ContainerStatus.PENDING:
            give_up(container, "", None, now)


def _depends(container: TaskContainer, other: TaskContainer) -> bool:
    return any(one.container == other.name for one in container.definition.depends_on)


def _is_met(task: Task, dependency: Dependency) -> bool:
    other = task.container(dependency.container)
    match dependency.condition:
        case Condition.START:
            return other.started is not None
        case Condition.COMPLETE:
            return other.stopped is not None
        case Condition.SUCCESS:
            return other.stopped is not None and other.exit_code == 0
        case Condition.HEALTHY:
            return other.health is Health.HEALTHY


def _hopeless(state: FleetState, task: Task, container: TaskContainer, now: float) -> str:
    """Why a container can never start; empty if it may."""
    for dependency in container.definition.depends_on:
        other = task.container(dependency.container)
        names = f"[{other.name}] for target [{container.name}]"
        failed = f"{_ERROR}failed to resolve container ordering dependency {names}"
        if other.stopped is not None and other.started is None:
            return f"{failed} because dependency will never start"
        if (
            dependency.condition is Condition.SUCCESS
            and other.stopped is not None
            and other.exit_code != 0
        ):
            return f"{failed} as dependency did not exit successfully."
        if not _is_met(task, dependency) and _is_late(state, other, now):
            return f"{_ERROR}container ordering dependency {names} has timed out."
    return ""


def _is_late(state: FleetState, container: TaskContainer, now: float) -> bool:
    """Whether a container that runs has had its startTimeout."""
    timeout = container.definition.start_timeout
    if timeout is None or container.started is None or container.stopped is not None:
        return False
    return state.is_due(container.started + state.real(timeout), now)
