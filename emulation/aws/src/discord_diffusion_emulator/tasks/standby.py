"""A process that starts with the emulator, before its task, and loads what is slow meanwhile.

It reads the task's environment from its standard input, one line of JSON, and becomes the task. It
saves a restored stack the seconds that the emulator and its first task would load one after the
other.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from discord_diffusion_emulator.processes.children import CHILDREN

from .environment import TaskConfig, inherited_variables

COMMAND = "EMULATOR_STANDBY_COMMAND"
"""The command of the process that waits, as a JSON array; without it none is started."""
INTERPRETER = (sys.executable, "-S", "-E")

_waiting: list["subprocess.Popen[bytes]"] = []


def start() -> None:
    """Start the process, if the emulator's environment names its command."""
    command = json.loads(os.environ.get(COMMAND) or "[]")
    if command:
        config = TaskConfig.from_environ()
        variables = inherited_variables() | config.environment
        arguments = ["standby", *command]
        _waiting.append(CHILDREN.start(INTERPRETER, arguments, config.folder, variables))


def take(variables: Mapping[str, str]) -> "subprocess.Popen[bytes] | None":
    """Let the process become a task with these variables; None if there is none that waits."""
    if not _waiting:
        return None
    process = _waiting.pop()
    assert process.stdin is not None  # noqa: S101  # a pipe, by ChildProcesses.start
    try:
        process.stdin.write(json.dumps(dict(variables)).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it has ended
        CHILDREN.wait(process)
        return None
    return process
