"""Start a process of the stack, see whether it lives, and end it with all its children."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from emulation.rig.stack.state import ProcessRecord

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
    """End processes: SIGTERM, time to end well, then SIGKILL for them and whatever they left."""
    parents = [process for process in map(find, records) if process]
    family = parents + [child for parent in parents for child in _children(parent)]
    for parent in parents:
        _signal(parent, kill=False)
    psutil.wait_procs(parents, timeout=_TERMINATE_SECONDS)
    for process in family:
        _signal(process, kill=True)
    psutil.wait_procs(family, timeout=_TERMINATE_SECONDS)


def _children(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(process: psutil.Process) -> None:
    """End a process at once, if it is still there."""
    _signal(process, kill=True)


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
