"""A worker that starts before its task: it imports what is slow, then waits for its environment.

That is one line of JSON on standard input. At the end of input there is no task.
"""

import json
import os
import runpy
import sys
from importlib import import_module

# What the worker imports to load its model, which takes most of its start.
SLOW = "discord_diffusion.worker.pipeline.generator"
WORKER = "discord_diffusion.worker"


def main() -> None:
    """Become the worker of the task whose environment is given."""
    import_module(SLOW)
    line = sys.stdin.readline()
    if not line:
        return
    variables: dict[str, str] = json.loads(line)
    os.environ.clear()
    os.environ.update(variables)
    # As a task has it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    runpy.run_module(WORKER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
