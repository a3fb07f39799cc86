"""Garbage collection with short pauses.

The emulator's heap is a million objects, nearly all of which stay alive: modules, service models,
state. A full collection of them takes most of a second, in which no request is answered, and
Discord allows three seconds from end to end. So objects that survived a full collection are frozen.
"""

import gc

_OLDEST_GENERATION = 2


def keep_pauses_short() -> None:
    """Make every full collection look only at objects that are new since the last one.

    What was alive then and later becomes a cycle of garbage stays: the few requests in flight.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.callbacks.append(_freeze_survivors)


def _freeze_survivors(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST_GENERATION:
        gc.freeze()
