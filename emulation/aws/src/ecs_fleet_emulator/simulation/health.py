"""Health checks of containers. Their times are real: the process that they watch is not sped up.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""

from .effects import CheckHealth
from .snapshots import HealthCheck
from .state import ContainerStatus, FleetState, Health, Task, TaskContainer

# Between checks in the start period, until one succeeds: Docker's, which ECS does not set.
START_INTERVAL = 5.0


def check(state: FleetState, task: Task, now: float) -> None:
    """Let the health checks run whose time has come."""
    for container in task.containers:
        settings = container.definition.health_check
        if settings is None or container.status is not ContainerStatus.RUNNING:
            continue
        if container.check_at is None:
            container.check_at = _next(state, container, settings, now)
        if not container.checking and state.is_due(container.check_at, now):
            container.checking = True
            state.effects.append(CheckHealth(task.id, container.name))


def checked(state: FleetState, container: TaskContainer, passed: bool, now: float) -> None:
    """Count the result of a check.

    In the start period failures do not count, unless a check has succeeded.
    """
    settings = container.definition.health_check
    if settings is None or container.status is not ContainerStatus.RUNNING:
        return
    if passed:
        container.health, container.failed_checks = Health.HEALTHY, 0
    elif not _is_starting(state, container, settings, now):
        container.failed_checks += 1
        if container.failed_checks >= settings.retries:
            container.health = Health.UNHEALTHY
    container.checking = False
    container.check_at = _next(state, container, settings, now)


def reported(state: FleetState, container: TaskContainer, health: Health, now: float) -> None:
    """Take over the health that a container's engine has found by itself."""
    settings = container.definition.health_check
    if settings is not None and container.status is ContainerStatus.RUNNING:
        container.health, container.checking = health, False
        container.check_at = now + state.real(min(settings.interval, START_INTERVAL))


def _next(state: FleetState, container: TaskContainer, settings: HealthCheck, now: float) -> float:
    interval = settings.interval
    if _is_starting(state, container, settings, now):
        interval = min(interval, START_INTERVAL)
    return now + state.real(interval)


def _is_starting(
    state: FleetState, container: TaskContainer, settings: HealthCheck, now: float
) -> bool:
    ends = (container.started or 0.0) + state.real(settings.start_period)
    return container.health is Health.UNKNOWN and now < ends
