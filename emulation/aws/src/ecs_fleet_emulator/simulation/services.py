"""ECS services: a desired count becomes tasks, which are placed, replaced and scaled in."""

import math
from dataclasses import replace

from . import placement, tasks
from .effects import RollBack, ServiceEvent
from .snapshots import RegionSnapshot, Service
from .state import LIVE, Deployment, FleetState, Health, Status, Task

# A circuit breaker trips after half the desired count of failures, within these bounds.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
BREAKER_MINIMUM = 3
BREAKER_MAXIMUM = 200

SCALING_ACTIVITY = "Scaling activity initiated by (deployment)"
NOT_PLACED = (
    "was unable to place a task because no container instance met all of its requirements."
    " Reason: No Container Instances were found in your capacity provider."
)
_SCALE_IN_ORDER = {Status.PROVISIONING: 0, Status.PENDING: 1, Status.RUNNING: 2}


def step(state: FleetState, snapshot: RegionSnapshot, now: float) -> None:
    """Bring every service to its desired count, and advance every task and deployment."""
    kept = {*snapshot.services, *snapshot.unreadable}
    for key in {task.service for task in state.tasks.values() if not task.standalone} - kept:
        for task in state.tasks_of(key):
            tasks.stop(state, task, now, "Task stopped: its service was deleted.")
        state.deployments.pop(key, None)
    for service in snapshot.services.values():
        _reconcile(state, _with_desired(state, service), now)
    for task in list(state.tasks.values()):
        tasks.advance(state, task, now)
    for service in snapshot.services.values():
        _update_deployment(state, _with_desired(state, service), now)


def _with_desired(state: FleetState, service: Service) -> Service:
    """The service with the number of tasks that it should have; a daemon's follows from instances.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html#service_scheduler_daemon
    """
    if not service.daemon:
        return service
    return replace(service, desired=len(placement.usable_instances(state, service)))


def place(state: FleetState, snapshot: RegionSnapshot, now: float) -> None:
    """Place waiting tasks on instances that have room for them, oldest first."""
    for service in snapshot.services.values():
        unplaced = False
        for task in state.tasks_of(service.key, [Status.PROVISIONING]):
            unplaced |= not placement.place(state, snapshot, service, task, now)
        deployment = state.deployments[service.key]
        if unplaced and not deployment.unplaced_reported:
            _report(state, service, NOT_PLACED)
        deployment.unplaced_reported = unplaced


def _report(state: FleetState, service: Service, text: str) -> None:
    state.effects.append(ServiceEvent(service.key, f"(service {service.name}) {text}"))


def _reconcile(state: FleetState, service: Service, now: float) -> None:
    deployment = state.deployments.get(service.key)
    if deployment is None or _id_of(deployment) != (service.definition, service.deployment):
        last_good = deployment.last_good if deployment else None
        deployment = Deployment(service.definition, service.deployment, last_good=last_good)
        state.deployments[service.key] = deployment
    live = state.tasks_of(service.key)
    current = [t for t in live if _is_current(t, service)]
    old = [t for t in live if not _is_current(t, service)]
    maximum = math.ceil(service.desired * service.maximum_percent / 100)
    sound = [t for t in current if not _is_unhealthy(state, service, t, now)]
    missing = min(service.desired - len(sound), maximum - len(live))
    if missing > 0 and deployment.state != "FAILED":
        if state.is_due(deployment.retry_at, now):
            _add_tasks(state, service, missing, now)
    elif len(sound) > service.desired:
        _scale_in(state, service, sound, now)
    if len(sound) < len(current):
        unhealthy = [t for t in current if t not in sound]
        _stop_unhealthy(state, service, sound, unhealthy, has_room=missing > 0, now=now)
    if old:
        _replace(state, service, current, old, now)


def _is_unhealthy(state: FleetState, service: Service, task: Task, now: float) -> bool:
    """Whether a task has to be replaced since it fails its containers' health checks."""
    if task.health is not Health.UNHEALTHY or task.started is None:
        return False
    return state.is_due(task.started + state.real(service.health_grace), now)


def _stop_unhealthy(
    state: FleetState,
    service: Service,
    sound: list[Task],
    unhealthy: list[Task],
    *,
    has_room: bool,
    now: float,
) -> None:
    """Stop unhealthy tasks once others are healthy, or where the maximum leaves no room for those.

    Their scale-in protection does not count.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    enough = len([t for t in sound if t.healthy]) >= service.desired
    waits = has_room or not all(t.healthy for t in sound)
    for task in unhealthy if enough else unhealthy[: 0 if waits else 1]:
        _report(state, service, f"(task {task.id}) failed container health checks.")
        tasks.stop(state, task, now, tasks.UNHEALTHY)
        deployment = state.deployments[service.key]
        deployment.failed_tasks += deployment.state == "IN_PROGRESS"


def _id_of(deployment: Deployment) -> tuple[str, int]:
    return deployment.definition, deployment.number


def _is_current(task: Task, service: Service) -> bool:
    """Whether a task belongs to the service's newest deployment."""
    return (task.definition, task.deployment) == (service.definition, service.deployment)


def _add_tasks(state: FleetState, service: Service, number: int, now: float) -> None:
    added = []
    for _ in range(number):
        task = tasks.add(state, service, placement.next_provider(state, service), now)
        added.append(f"(task {task.id})")
    state.deployments[service.key].steady = False
    _report(state, service, f"has started {number} tasks: {' '.join(added)}.")


def _scale_in(state: FleetState, service: Service, current: list[Task], now: float) -> None:
    """Stop surplus tasks, those that do not run yet first, and no protected ones."""
    number = len(current) - service.desired
    protected = [t for t in current if t.protected(now)]
    candidates = sorted(
        (t for t in current if not t.protected(now)),
        key=lambda t: (_SCALE_IN_ORDER[t.status], len(state.tasks_on(t.instance or 0)), t.created),
    )
    stopped = candidates[:number]
    for task in stopped:
        tasks.stop(state, task, now, SCALING_ACTIVITY)
    deployment = state.deployments[service.key]
    if stopped:
        deployment.steady = False
        names = " ".join(f"(task {task.id})" for task in stopped)
        _report(state, service, f"has stopped {len(stopped)} running tasks: {names}.")
    kept = number - len(stopped)
    if kept and kept != deployment.protected_reported:
        text = f"was unable to scale in due to {kept} tasks having scale-in protection."
        _report(state, service, text)
    deployment.protected_reported = kept
    state.timers += [task.protected_until or now for task in protected]


def _replace(
    state: FleetState, service: Service, current: list[Task], old: list[Task], now: float
) -> None:
    """Stop tasks of an old task definition while the minimum of healthy tasks remains."""
    healthy = [t for t in (*current, *old) if t.healthy]
    surplus = len(healthy) - math.ceil(service.desired * service.minimum_percent / 100)
    for task in old:
        if task.status is Status.RUNNING and task.protected(now):
            continue
        if task.healthy:
            if surplus <= 0:
                continue
            surplus -= 1
        tasks.stop(state, task, now, SCALING_ACTIVITY)


def _update_deployment(state: FleetState, service: Service, now: float) -> None:
    """Report a steady state; trip the circuit breaker of a deployment that fails."""
    deployment = state.deployments[service.key]
    unstopped = state.tasks_of(service.key, (*LIVE, Status.STOPPING))
    healthy = [t for t in unstopped if t.healthy and _is_current(t, service)]
    if deployment.state != "FAILED" and len(healthy) == len(unstopped) == service.desired:
        if deployment.state == "IN_PROGRESS":
            deployment.state, deployment.last_good = "COMPLETED", _id_of(deployment)
        if not deployment.steady:
            deployment.steady, deployment.failed_tasks = True, 0
            _report(state, service, "has reached a steady state.")
        return
    threshold = min(max(math.ceil(service.desired / 2), BREAKER_MINIMUM), BREAKER_MAXIMUM)
    can_trip = service.circuit_breaker and deployment.state == "IN_PROGRESS"
    if can_trip and deployment.failed_tasks >= threshold:
        deployment.state = "FAILED"
        _report(state, service, "deployment failed: tasks failed to start.")
        last_good = deployment.last_good
        if service.rolls_back and last_good is not None and last_good != _id_of(deployment):
            state.effects.append(RollBack(service.key, *last_good))
    elif deployment.failed_tasks == threshold and now < deployment.retry_at and not can_trip:
        _report(state, service, "is unable to consistently start tasks successfully.")
        deployment.failed_tasks += 1
