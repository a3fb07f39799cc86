"""Garbage collection that does not keep a request waiting.

The emulator's heap is a million objects, nearly all of which stay: modules, service models, state.
To look through all of them takes most of a second, in which nothing is answered, and a request has
three seconds from end to end. So what a full collection has found alive is not looked at again.
"""

import gc

_OLDEST = 2


def begin() -> None:
    """From now on every full collection looks only at what is new since the last one.

    What was alive then and later becomes a cycle of garbage stays: the few requests in flight.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.callbacks.append(_keep_what_is_alive)


def _keep_what_is_alive(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()
