"""Find the stack that a command is to talk to."""

from pathlib import Path

from emulation.bootstrap.layout import Layout
from emulation.errors import StackNotRunningError
from emulation.stack.state import StackState, StateFolder


def running_stack(state_dir: Path | None) -> StackState:
    """The state of the running stack.

    Raises:
        StackNotRunningError: there is none.
    """
    state = StateFolder.chosen(Layout.of_this_checkout().root, state_dir).load()
    if state is None or not state.ready:
        raise StackNotRunningError
    return state
