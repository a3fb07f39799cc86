"""Processes on this machine: their environment, how one is started, found and ended."""

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from emulation.rig import environment
from emulation.rig.state import ProcessRecord

PRIVATE_UMASK = 0o077
_SAME_START_SECONDS = 1.0
_TERMINATE_SECONDS = 10.0


def task_environment() -> dict[str, str]:
    """What a task inherits beside the variables of its definition."""
    return environment.of_tasks(os.environ)


def base_environment() -> dict[str, str]:
    """The variables that a process of ours inherits."""
    return environment.of_processes(os.environ)


def spawn(
    name: str, command: list[str], env: Mapping[str, str], log: Path, cwd: Path
) -> ProcessRecord:
    """Start `command` in a session of its own, so that a Ctrl-C meant for us does not reach it.

    What it writes is its owner's alone, and so is its log.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.touch(mode=0o600)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=PRIVATE_UMASK,
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
    family = list(parents)
    for parent in parents:
        with suppress(psutil.NoSuchProcess):
            family += parent.children(recursive=True)
    for parent in parents:
        with suppress(psutil.NoSuchProcess):
            parent.terminate()
    psutil.wait_procs(parents, timeout=_TERMINATE_SECONDS)
    kill(family)


def kill(family: list[psutil.Process]) -> None:
    """End processes at once, those that are still there."""
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=_TERMINATE_SECONDS)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return "(nothing logged)"
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  | {line}" for line in lines)
