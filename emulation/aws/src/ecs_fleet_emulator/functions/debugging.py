"""Functions that are debugged: a file says which, and is read whenever one gets an event.

It holds an object by the names of functions. Each has a `script`, which the function's process runs
first, and the `variables` that this reads. Such a function has an hour for everything: a person
looks at it.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

FILE = "EMULATOR_DEBUGGERS"
"""Names the file; it need not exist."""
SCRIPT = "EMULATOR_RUN_FIRST"
"""For a function's process: the script that it runs first (processes/bootstrap.py)."""
SECONDS = 3600


@dataclass(frozen=True)
class Debugger:
    """What the process of a debugged function gets in its environment."""

    variables: dict[str, str]


def debugger_of(function_name: str) -> Debugger | None:
    """What the file says of a function now; None if it is not debugged."""
    try:
        wanted = json.loads(Path(os.environ.get(FILE) or os.devnull).read_text("utf-8"))
        own = wanted[function_name]
    except (OSError, ValueError, KeyError):
        return None
    return Debugger({**own["variables"], SCRIPT: own["script"]})
