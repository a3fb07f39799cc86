"""Start a process of the stack, see whether it lives, and end it with all its children."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from emulation.stack.state import ProcessRecord

_SAME_START_SECONDS = 1.0
_TERMINATE_SECONDS = 10.0


def spawn(
    name: str, command: list[str], env: Mapping[str, str], log: Path, cwd: Path
) -> ProcessRecord:
    """Start `command` in a session of its own, so that a Ctrl-C meant for us does not reach it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started_at = psutil.Process(process.pid).create_time()
    return ProcessRecord(name=name, pid=process.pid, started_at=started_at, log=str(log))


def find(record: ProcessRecord) -> psutil.Process | None:
    """The living process of a record, or None if it ended or its pid is another's by now."""
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started_at) < _SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def terminate(records: tuple[ProcessRecord, ...]) -> None:
    """End processes and their children: SIGTERM first, SIGKILL to what is left after a while."""
    parents = [process for process in map(find, records) if process]
    family = list(parents)
    for parent in parents:
        try:
            family += parent.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    for parent in parents:
        _signal(parent, kill=False)
    _, alive = psutil.wait_procs(family, timeout=_TERMINATE_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=_TERMINATE_SECONDS)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return "(nothing logged)"
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  | {line}" for line in lines)


def wait_until_gone(pid: int, timeout_seconds: float) -> bool:
    """Whether the process of `pid` ended within the time."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid):
            return True
        time.sleep(0.05)
    return False
