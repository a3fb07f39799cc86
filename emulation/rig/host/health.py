"""Whether a host stack's processes live, its servers answer, and its fleet's tasks are ready."""

from pathlib import Path

import psutil

from emulation.aws.launch import HEALTH_PATH
from emulation.rig.emulator_client import FleetAgent
from emulation.rig.host import processes
from emulation.rig.host.parts import TASK_LOGS
from emulation.rig.loopback import answers
from emulation.rig.state import ProcessHealth, StackState, StateFolder
from emulation.rig.waiting import wait_until

_TASKS_SECONDS = 180.0
_HEALTH_FILE = "HEALTH_FILE"


def all_alive(state: StackState) -> bool:
    """Whether every process lives and both servers answer."""
    if any(processes.find(record) is None for record in state.processes):
        return False
    return answers(state.aws_endpoint + HEALTH_PATH) and answers(f"{state.discord_url}/healthz")


def of_processes(state: StackState) -> list[ProcessHealth]:
    """The health of each process."""
    return [
        ProcessHealth(one.name, one.pid, processes.find(one) is not None, one.log)
        for one in state.processes
    ]


def wait_for_tasks(folder: StateFolder, state: StackState, number: int) -> None:
    """Return once `number` tasks listen to the queue.

    Raises:
        DeadlineError: they were not ready in time; the text ends with the last one's log.
    """
    agent = FleetAgent(state.aws_endpoint)

    def ready() -> bool:
        running = [one for one in agent.state()["tasks"] if one["status"] == "RUNNING"]
        return len([one for one in running if _health(folder, one["task"]).exists()]) >= number

    if number:
        wait_until(
            ready, f"a fleet of {number} is ready", _TASKS_SECONDS, lambda: _last_lines(folder)
        )


def end_orphaned_tasks(folder: StateFolder) -> None:
    """End the tasks of this stack whose emulator was killed before it could end them."""
    own = str(folder.tasks)
    orphans = [one for one in psutil.process_iter() if _variable(one).startswith(own)]
    processes.kill(orphans)


def _health(folder: StateFolder, task_id: str) -> Path:
    return folder.health_file(task_id[:8])


def _variable(process: psutil.Process) -> str:
    """The health file of a task; nothing of another process, or of another person's."""
    try:
        return str(process.environ().get(_HEALTH_FILE, ""))
    except (psutil.Error, OSError):
        return ""


def _last_lines(folder: StateFolder) -> str:
    logs = sorted(folder.logs.glob(TASK_LOGS), key=lambda path: path.stat().st_mtime)
    if not logs:
        return (
            "No task has been started; the emulator's log says why: make local-logs NAME=emulator"
        )
    return f"It last logged ({logs[-1]}):\n{processes.last_lines(logs[-1])}"
