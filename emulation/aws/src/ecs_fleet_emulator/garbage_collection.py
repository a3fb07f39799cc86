"""Garbage collection with short pauses.

The emulator's heap is a million objects, nearly all of which stay alive: modules, service models,
state. A full collection of them takes most of a second, during which no request is answered, and
Discord allows three seconds. Objects that survive a full collection that was long are therefore
frozen: later ones do not look at them.
"""

import gc
import time

LONG_SECONDS = 0.1
"""Of processor time: a busy machine makes no collection long."""
_OLDEST_GENERATION = 2
_started = 0.0


def keep_pauses_short() -> None:
    """Freeze what survives a long collection, so that the next ones are short.

    A frozen object in a reference cycle is never freed. That befalls what is in use just then, such
    as executions of state machines; were every collection followed by a freeze, each of them would
    stay sooner or later.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.callbacks.append(_freeze_survivors)


def begin() -> None:
    """Collect garbage from now on; what the start has made is not looked at."""
    gc.freeze()
    gc.enable()


def _freeze_survivors(phase: str, info: dict[str, int]) -> None:
    global _started  # a callback has no other memory
    if info["generation"] != _OLDEST_GENERATION:
        return
    if phase == "start":
        _started = time.thread_time()
    elif time.thread_time() - _started > LONG_SECONDS:
        gc.freeze()
