"""The tasks of a stack's fleet: which are ready, and those that outlived their emulator."""

from pathlib import Path

import psutil

from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack import processes
from emulation.rig.stack.parts import TASK_LOGS
from emulation.rig.stack.state import StackState, StateFolder
from emulation.rig.stack.waiting import wait_until

_START_SECONDS = 180.0
_HEALTH_FILE = "HEALTH_FILE"


def wait_until_ready(folder: StateFolder, state: StackState, number: int) -> None:
    """Return once so many tasks listen to the queue.

    Raises:
        StartError: they were not there in time; the text ends with what the last one logged.
    """
    agent = FleetAgent(state.aws_endpoint)

    def ready() -> bool:
        running = [one for one in agent.state()["tasks"] if one["status"] == "RUNNING"]
        return len([one for one in running if _health(folder, one["task"]).exists()]) >= number

    if number:
        wait_until(ready, f"A fleet of {number}", _START_SECONDS, lambda: _last_lines(folder))


def end_orphans(folder: StateFolder) -> None:
    """End the tasks of this stack whose emulator did not live to do it."""
    own = str(folder.tasks)
    orphans = [one for one in psutil.process_iter() if _variable(one).startswith(own)]
    for orphan in orphans:
        processes.kill(orphan)
    psutil.wait_procs(orphans, timeout=10)


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
