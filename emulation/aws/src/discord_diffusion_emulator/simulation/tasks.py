"""ECS services: from a desired count to tasks that are placed, run and stop."""

import math

from discord_diffusion_emulator.simulation.effects import (
    Kill,
    RolledBack,
    Signal,
    Start,
    Told,
)
from discord_diffusion_emulator.simulation.snapshots import Service, World
from discord_diffusion_emulator.simulation.state import (
    LIVE,
    Crash,
    Rollout,
    State,
    Status,
    Task,
)

# A circuit breaker trips after half the desired count of failures, within these bounds.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
BREAKER_MINIMUM = 3
BREAKER_MAXIMUM = 200
# Tasks that fail before they run are started ever more rarely.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
THROTTLE_FIRST = 10.0
THROTTLE_LAST = 900.0

ACTIVITY = "Scaling activity initiated by (deployment)"
CRASHED = "CannotStartContainerError: the container was made to fail at its start"


def step(state: State, world: World, now: float) -> None:
    """Bring every service to its desired count, and every task to where it is by now."""
    for key in {task.service for task in state.tasks.values()} - set(world.services):
        for task in state.of(key):
            stop(state, task, now, "Task stopped: its service was deleted.")
        state.rollouts.pop(key, None)
    for service in world.services.values():
        _reconcile(state, service, now)
    for task in list(state.tasks.values()):
        _age(state, task, now)
    for service in world.services.values():
        _settle(state, service, now)


def place(state: State, world: World, now: float) -> None:
    """Put waiting tasks on machines with room, oldest first."""
    for service in world.services.values():
        unplaced = False
        for task in state.of(service.key, [Status.PROVISIONING]):
            provider = world.providers.get(task.provider or "")
            machine = next(
                (
                    m
                    for m in state.machines.values()
                    if m.registered
                    and not m.draining
                    and m.cluster == service.cluster
                    and (provider is None or m.group == provider.group)
                    and state.free(m).holds(task.need)
                ),
                None,
            )
            if machine is None:
                unplaced = True
                continue
            task.machine, task.status = machine.key, Status.PENDING
            task.due = now + state.settings.of(machine.group).pull_seconds
            state.at(task.due)
        rollout = state.rollouts[service.key]
        if unplaced and not rollout.told_unplaced:
            _tell(
                state,
                service,
                "was unable to place a task because no container instance met all of its"
                " requirements. Reason: No Container Instances were found in your capacity"
                " provider.",
            )
        rollout.told_unplaced = unplaced


def _tell(state: State, service: Service, text: str) -> None:
    state.out.append(Told(service.key, f"(service {service.name}) {text}"))


def _reconcile(state: State, service: Service, now: float) -> None:
    rollout = state.rollouts.get(service.key)
    if rollout is None or rollout.definition != service.definition:
        good = rollout.last_good if rollout else None
        rollout = Rollout(service.definition, now, last_good=good)
        state.rollouts[service.key] = rollout
    live = state.of(service.key)
    current = [t for t in live if t.definition == service.definition]
    old = [t for t in live if t.definition != service.definition]
    most = math.ceil(service.desired * service.maximum_percent / 100)
    missing = min(service.desired - len(current), most - len(live))
    if missing > 0 and rollout.state != "FAILED":
        if now < rollout.retry_at:
            state.at(rollout.retry_at)
        else:
            _add(state, service, missing, now)
    elif len(current) > service.desired:
        _scale_in(state, service, current, len(current) - service.desired, now)
    if old:
        _replace(state, service, current, old, now)


def _add(state: State, service: Service, number: int, now: float) -> None:
    made = []
    for _ in range(number):
        task = Task(
            id=state.ids(),
            service=service.key,
            definition=service.definition,
            need=service.need,
            stop_timeout=service.stop_timeout,
            provider=_provider(state, service),
            created=now,
        )
        state.tasks[task.id] = task
        made.append(f"(task {task.id})")
    state.rollouts[service.key].steady = False
    _tell(state, service, f"has started {number} tasks: {' '.join(made)}.")


def _provider(state: State, service: Service) -> str | None:
    """The strategy's next provider: bases first, then whoever has least for its weight."""
    if not service.strategy:
        return None
    live = state.of(service.key)
    counts = {
        s.provider: len([t for t in live if t.provider == s.provider]) for s in service.strategy
    }
    for share in service.strategy:
        if counts[share.provider] < share.base:
            return share.provider
    weighted = [s for s in service.strategy if s.weight > 0] or list(service.strategy)
    return min(
        weighted, key=lambda s: (counts[s.provider] - s.base + 1) / max(s.weight, 1)
    ).provider


_ORDER = {Status.PROVISIONING: 0, Status.PENDING: 1, Status.RUNNING: 2}


def _scale_in(state: State, service: Service, current: list[Task], number: int, now: float) -> None:
    """Stop tasks that nobody needs: those not running first; protected ones are spared."""
    spared = [t for t in current if t.protected(now)]
    free = sorted(
        (t for t in current if not t.protected(now)),
        key=lambda t: (_ORDER[t.status], len(list(state.on(t.machine or 0))), t.created),
    )
    stopped = free[:number]
    for task in stopped:
        stop(state, task, now, f"{ACTIVITY}", "ServiceSchedulerInitiated")
    rollout = state.rollouts[service.key]
    if stopped:
        rollout.steady = False
        names = " ".join(f"(task {task.id})" for task in stopped)
        _tell(state, service, f"has stopped {len(stopped)} running tasks: {names}.")
    kept = number - len(stopped)
    if kept and kept != rollout.told_protected:
        text = f"was unable to scale in due to {kept} tasks having scale-in protection."
        _tell(state, service, text)
    rollout.told_protected = kept
    for task in spared:
        state.at(task.protected_until or now)


def _replace(
    state: State, service: Service, current: list[Task], old: list[Task], now: float
) -> None:
    """A rolling deployment: stop old tasks as far as enough run."""
    running = [t for t in (*current, *old) if t.status is Status.RUNNING]
    spare = len(running) - math.ceil(service.desired * service.minimum_percent / 100)
    for task in old:
        if task.status is Status.RUNNING:
            if spare <= 0 or task.protected(now):
                continue
            spare -= 1
        stop(state, task, now, ACTIVITY, "ServiceSchedulerInitiated")


def stop(
    state: State, task: Task, now: float, reason: str, code: str = "ServiceSchedulerInitiated"
) -> None:
    """Stop a task: at once if it doesn't run yet, else with SIGTERM and, in time, SIGKILL."""
    if task.status not in LIVE:
        return
    task.reason, task.stop_code = reason, code
    if task.started is None:
        _ended(state, task, now)
        return
    task.status = Status.STOPPING
    floor = min(task.stop_timeout, state.settings.stop_floor_seconds) * state.settings.speed
    task.kill_at = now + max(task.stop_timeout, floor)
    state.at(task.kill_at)
    state.out.append(Signal(task.id))


def lose(state: State, task: Task, now: float, reason: str) -> None:
    """A task whose machine is gone ends with it."""
    if task.started is not None:
        state.out.append(Kill(task.id))
        task.exit_code = 137
    task.reason, task.stop_code = reason, "TerminationNotice"
    _ended(state, task, now)


def _ended(state: State, task: Task, now: float) -> None:
    task.status, task.stopped = Status.STOPPED, now
    state.at(now)


def started(state: State, task_id: str, now: float) -> None:
    """A task's process runs."""
    task = state.tasks[task_id]
    if task.status is Status.PENDING:
        task.status, task.started = Status.RUNNING, now


def not_started(state: State, task_id: str, reason: str, now: float) -> None:
    """A task's process could not be started."""
    task = state.tasks[task_id]
    task.reason, task.stop_code = reason, "TaskFailedToStart"
    _ended(state, task, now)
    rollout = state.rollouts.get(task.service)
    if rollout is None:
        return
    rollout.failed_tasks += 1
    wait = min(THROTTLE_FIRST * 2 ** (rollout.failed_tasks - 1), THROTTLE_LAST)
    rollout.retry_at = now + wait


def exited(state: State, task_id: str, code: int, now: float) -> None:
    """A task's process has ended."""
    task = state.tasks.get(task_id)
    if task is None or task.status is Status.STOPPED:
        return
    task.exit_code = code
    if task.status is not Status.STOPPING:
        task.reason, task.stop_code = (
            "Essential container in task exited",
            "EssentialContainerExited",
        )
    _ended(state, task, now)


def _age(state: State, task: Task, now: float) -> None:
    if task.status is Status.PENDING:
        _start(state, task, now)
    elif task.status is Status.RUNNING:
        crash = state.crashing.get(task.service)
        if crash is not None and crash.after is not None and task.started is not None:
            _crash(state, task, task.started + crash.after, now)
    elif task.status is Status.STOPPING and task.kill_at is not None:
        if now >= task.kill_at:
            state.out.append(Kill(task.id))
        else:
            state.at(task.kill_at)
    elif task.status is Status.STOPPED and task.stopped is not None:
        forget = task.stopped + state.settings.remember_seconds
        if now >= forget:
            del state.tasks[task.id]


def _start(state: State, task: Task, now: float) -> None:
    if now < task.due:
        state.at(task.due)
        return
    crash = state.crashing.get(task.service)
    if crash == Crash(None):
        not_started(state, task.id, CRASHED, now)
    else:
        state.out.append(Start(task.id))


def _crash(state: State, task: Task, when: float, now: float) -> None:
    if now >= when:
        state.out.append(Kill(task.id))
    else:
        state.at(when)


def _settle(state: State, service: Service, now: float) -> None:
    """Tell of a steady state; trip the circuit breaker."""
    rollout = state.rollouts[service.key]
    tasks = state.of(service.key, (*LIVE, Status.STOPPING))
    good = [t for t in tasks if t.status is Status.RUNNING and t.definition == service.definition]
    if rollout.state != "FAILED" and len(good) == len(tasks) == service.desired:
        if rollout.state == "IN_PROGRESS":
            rollout.state, rollout.last_good = "COMPLETED", service.definition
        if not rollout.steady:
            rollout.steady, rollout.failed_tasks = True, 0
            _tell(state, service, "has reached a steady state.")
        return
    threshold = min(max(math.ceil(service.desired / 2), BREAKER_MINIMUM), BREAKER_MAXIMUM)
    trips = service.breaks and rollout.state == "IN_PROGRESS"
    if trips and rollout.failed_tasks >= threshold:
        rollout.state = "FAILED"
        _tell(state, service, "deployment failed: tasks failed to start.")
        back = rollout.last_good
        if service.rolls_back and back is not None and back != service.definition:
            state.out.append(RolledBack(service.key, back))
    elif rollout.failed_tasks == threshold and now < rollout.retry_at and not trips:
        text = "is unable to consistently start tasks successfully."
        state.out.append(Told(service.key, f"(service {service.name}) {text}"))
        rollout.failed_tasks += 1
