"""Stop a stack, whole or half started, and remove what it kept."""

import shutil

from emulation.rig.stack import processes, tasks
from emulation.rig.stack.state import StackState, StateFolder


def stop(folder: StateFolder) -> StackState | None:
    """End every process of the stack and remove its files but the logs.

    The fleet's tasks end with the emulator, whose children they are, and their queue with them.

    Returns:
        The state of the stack that was stopped, or None if none was known.
    """
    state = folder.load()
    if state:
        processes.terminate(state.processes)
        tasks.end_orphans(folder)
    _remove_files(folder)
    return state


def _remove_files(folder: StateFolder) -> None:
    if not folder.path.exists():
        return
    for path in folder.path.iterdir():
        if path == folder.logs:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.path.iterdir()):
        folder.path.rmdir()
