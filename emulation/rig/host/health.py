"""The health of a stack in processes: processes, servers, and the fleet's tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from ecs_fleet_emulator.launch import HEALTH_PATH
from emulation.rig.crashes import Crashes, crashes
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.errors import StartError
from emulation.rig.host import processes
from emulation.rig.loopback import answers
from emulation.rig.state import TASK_LOGS, ProcessHealth, StackState, StateFolder
from emulation.rig.waiting import wait_until

_TASKS_SECONDS = 180.0


def all_alive(state: StackState) -> bool:
    """Whether every process lives and both servers answer."""
    if any(processes.find(record) is None for record in state.processes):
        return False
    return answers(state.aws_endpoint + HEALTH_PATH) and answers(f"{state.discord_url}/healthz")


def of_processes(state: StackState) -> list[ProcessHealth]:
    """The health of each process."""
    return [
        ProcessHealth(record.name, record.pid, processes.find(record) is not None, record.log)
        for record in state.processes
    ]


def crash_count(folder: StateFolder, state: StackState) -> int:
    """How many tasks ended by themselves, in the last hour of AWS's time."""
    found = _crashes(FleetAgentClient(state.aws_endpoint).state()["tasks"], folder)
    return found.count if found else 0


def wait_for_tasks(
    folder: StateFolder, state: StackState, number: int, *, crashed_before: int = 0
) -> None:
    """Return once `number` tasks listen to the queue.

    Raises:
        StartError: one more than `crashed_before` ended by itself: its replacement would, too.
        DeadlineError: they were not ready in time; the text ends with a task's log.
    """
    agent = FleetAgentClient(state.aws_endpoint)

    def ready() -> bool:
        tasks = agent.state()["tasks"]
        found = _crashes(tasks, folder)
        if found and found.count > crashed_before:
            raise StartError(f"{found}\nMore is in its log: {folder.logs / found.log}*.log")
        ids = [task["task"][:8] for task in tasks if task["status"] == "RUNNING"]
        return sum(folder.health_file(task_id).exists() for task_id in ids) >= number

    if number:
        wait_until(
            ready, f"a fleet of {number} is ready", _TASKS_SECONDS, lambda: _last_lines(folder)
        )


def _crashes(tasks: Sequence[Mapping[str, Any]], folder: StateFolder) -> Crashes | None:
    """The crashes of tasks that this stack has started: a snapshot remembers those of another."""
    own = [task for task in tasks if next(folder.logs.glob(f"*-{task['task'][:8]}*.log"), None)]
    return crashes(own, folder.logs)


def end_orphaned_tasks(folder: StateFolder) -> None:
    """End the tasks of this stack whose emulator was killed before it could end them."""
    tasks = str(folder.tasks)
    processes.kill(
        [process for process in psutil.process_iter() if _health_file(process).startswith(tasks)]
    )


def _health_file(process: psutil.Process) -> str:
    """The health file of a task; empty for another process, or one of another user."""
    try:
        return str(process.environ().get("HEALTH_FILE", ""))
    except (psutil.Error, OSError):
        return ""


def _last_lines(folder: StateFolder) -> str:
    logs = sorted(folder.logs.glob(TASK_LOGS), key=lambda path: path.stat().st_mtime)
    if not logs:
        return (
            "No task has been started; the emulator's log says why: make local-logs NAME=emulator"
        )
    return f"It last logged ({logs[-1]}):\n{processes.last_lines(logs[-1])}"
