"""A prompt end: the functions' processes first, then LocalStack, which may not dawdle."""

import logging
import os
import sys
import threading

from localstack.runtime import events, get_current_runtime

from discord_diffusion_emulator.functions import process

LOG = logging.getLogger(__name__)

# Loaded with the first fleet only, and as far as its tasks need them.
TASKS = [f"discord_diffusion_emulator.tasks.{name}" for name in ("process", "container")]

# LocalStack's services wait for threads of theirs that may be in a long call. Nothing is kept
# across restarts, so nothing is lost by not waiting for them.
SECONDS = 3.0


def begin() -> None:
    """Kill every function's process and see to it that this process ends within SECONDS."""
    process.kill_all()
    for tasks in filter(None, map(sys.modules.get, TASKS)):
        tasks.kill_all()
    # Not a daemon: those are halted while the interpreter is taken apart, which takes a second.
    threading.Thread(target=_end, name="shutdown-clock").start()


def _end() -> None:
    """End the process once LocalStack has cleaned up, without joining the threads it left."""
    if not events.infra_stopped.wait(SECONDS):
        LOG.warning("[shutdown] not done after %s s, ending anyway", SECONDS)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(get_current_runtime().exit_code)
