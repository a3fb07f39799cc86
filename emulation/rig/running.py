"""Find the stack that a command is to talk to."""

from pathlib import Path

from emulation.rig.docker import stack as containers
from emulation.rig.docker.compose import project_of
from emulation.rig.errors import StackNotRunningError
from emulation.rig.stack.state import StackState, StateFolder
from toolchain.errors import DockerError
from toolchain.layout import Layout


def running_stack(state_dir: Path | None) -> StackState:
    """The state of the running stack.

    Raises:
        StackNotRunningError: there is none.
    """
    root = Layout.of_this_checkout().root
    folder = StateFolder.chosen(root, state_dir)
    state = folder.load()
    if state is None:
        state = _in_containers(project_of(root, folder))
    if state is None or not state.ready:
        raise StackNotRunningError
    return state


def _in_containers(project: str) -> StackState | None:
    """A stack that was started by `docker compose up`: it left no file here."""
    try:
        return containers.find(project)
    except DockerError:
        return None
