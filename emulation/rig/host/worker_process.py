"""`python -m emulation.rig.host.worker_process MODULE`: a worker, which may be debugged."""

import json
import os
import runpy
import sys
from pathlib import Path

from emulation.rig.host import debugger

DEBUGGERS = "RIG_DEBUGGERS"
"""Names the file that says what is debugged (`debugging.py`)."""
KEY = "worker"
CLOCK_FOLLOWER = "EMULATOR_CLOCK_FOLLOWER"
"""Names the emulator's script that lets this process's wall clock follow the emulator's."""


def run(module: str) -> None:
    """Become a worker in this process, by the module that is one."""
    file = Path(os.environ.pop(DEBUGGERS, os.devnull))
    if file.is_file():
        wanted = json.loads(file.read_text("utf-8")).get(KEY, {})
        os.environ.update(wanted.get("variables", {}))
        debugger.open_port_as_told()
    if script := os.environ.pop(CLOCK_FOLLOWER, ""):
        runpy.run_path(script)["begin"]()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run(sys.argv.pop())
