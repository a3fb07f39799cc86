"""Which programs of a stack are debugged: `DEBUG=interactions,worker` on `make local-up`.

A function waits for a debugger at its next event; a worker goes on until one attaches. Meanwhile
the time-outs of functions and of the stand-in are an hour, and a lease is as long as a token lives.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulation.rig.errors import RigError, StartError
from emulation.rig.host import debugger
from emulation.rig.loopback import LOOPBACK, is_free, user_of
from emulation.rig.options import WORKER, StackOptions
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from emulation.rig.waiting import wait_until

PORTS = {"interactions": 5678, WORKER: 5679, "backlog": 5680, "waiting": 5681, "dead_letters": 5682}
"""Always the same, as `.vscode/launch.json` names them."""
ANSWER_SECONDS = 3600.0
"""For which a person may look at a function that answers an interaction."""
_START_SECONDS = 60.0


def check(names: Sequence[str]) -> None:
    """Check that these programs can be debugged.

    Raises:
        RigError: saying what there is, or how to get what lacks.
    """
    if unknown := sorted(set(names) - PORTS.keys()):
        known = ", ".join(PORTS)
        raise RigError(f"DEBUG={unknown[0]} is not known. There are: {known}")
    if names and importlib.util.find_spec("debugpy") is None:
        raise RigError("DEBUG needs debugpy (the dependency group `debug`). Run: make setup")


def apply(
    folder: StateFolder, state: StackState, names: Sequence[str], before: Sequence[str]
) -> None:
    """Debug these programs from now on, and no others.

    Raises:
        StartError: a port is taken.
        ControlError: the stand-in does not answer.
    """
    for name in names:
        if name not in before and not is_free(PORTS[name]):
            raise StartError(
                f"Port {PORTS[name]}, where a debugger attaches to {name}, is taken"
                f"{user_of(PORTS[name])}. End that program first."
            )
    wanted = {
        _key(state, name): {
            "script": debugger.__file__,
            "variables": {
                debugger.PORT: str(PORTS[name]),
                debugger.PACKAGES: str(_packages(folder)),
                debugger.WAITS: "" if name == WORKER else "1",
            },
        }
        for name in names
    }
    draft = folder.debuggers.with_suffix(".new")
    draft.write_text(json.dumps(wanted))
    draft.replace(folder.debuggers)
    if state.live:
        return  # nobody can make Discord wait
    functions = [name for name in names if name != WORKER]
    StandInClient(state.discord_url).set_answer_seconds(
        ANSWER_SECONDS if functions else StackOptions().answer_seconds
    )


def wait_for_worker() -> None:
    """Return once a debugger can attach to a worker.

    Raises:
        DeadlineError: none opened its port.
    """
    port = PORTS[WORKER]
    wait_until(lambda: not is_free(port), "a worker can be debugged", _START_SECONDS)


def addresses(options: Mapping[str, Any]) -> dict[str, str]:
    """Where and when a debugger attaches to each program that is debugged, by its name."""
    waits = {WORKER: "attach before you send a job"}
    return {
        name: f"{LOOPBACK}:{PORTS[name]} ({waits.get(name, 'waits at its next event')})"
        for name in options.get("debug", ())
    }


def _key(state: StackState, name: str) -> str:
    """The name of a function on the emulator; that of the worker is its own."""
    return name if name == WORKER else state.function_names[name]


def _packages(folder: StateFolder) -> Path:
    """A folder that holds debugpy and nothing else of the project's environment."""
    packages = folder.path / "debugger"
    link = packages / "debugpy"
    found = importlib.util.find_spec("debugpy")
    if found and found.origin and not link.exists():
        packages.mkdir(exist_ok=True)
        link.symlink_to(Path(found.origin).parent, target_is_directory=True)
    return packages
