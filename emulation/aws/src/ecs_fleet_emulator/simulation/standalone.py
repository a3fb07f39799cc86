"""Tasks that are run by themselves, as RunTask does: placed once, and never replaced."""

from . import placement, tasks
from .snapshots import RegionSnapshot, Service
from .state import FleetState, Status, Task


def run(
    state: FleetState, snapshot: RegionSnapshot, request: Service, number: int, now: float
) -> list[Task]:
    """Run so many tasks as a request describes; its key is the cluster and an empty name.

    With a capacity provider a task waits for an instance. Without one it needs room now: there may
    be fewer tasks than requested.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    started = []
    for _ in range(number):
        task = tasks.add(state, request, placement.next_provider(state, request), now)
        if not request.strategy and not placement.place(state, snapshot, request, task, now):
            del state.tasks[task.id]
            break
        state.requests[task.id] = request
        started.append(task)
    return started


def place(state: FleetState, snapshot: RegionSnapshot, now: float) -> None:
    """Place the tasks that wait for an instance, oldest first."""
    for task_id, request in list(state.requests.items()):
        task = state.tasks.get(task_id)
        if task is None:
            del state.requests[task_id]
        elif task.status is Status.PROVISIONING:
            placement.place(state, snapshot, request, task, now)
