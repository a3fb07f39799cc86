"""Garbage collection with short pauses.

The emulator's heap is a million objects, nearly all of which stay alive: modules, service models,
state. A full collection of them takes most of a second, during which no request is answered, and
Discord allows three seconds. Objects that survive a full collection are therefore frozen.
"""

import gc

_OLDEST_GENERATION = 2


def keep_pauses_short() -> None:
    """Make every full collection scan only the objects that are new since the last one.

    A frozen object in a reference cycle is never freed; only the few objects of requests that were
    in flight during a full collection are affected.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.callbacks.append(_freeze_survivors)


def begin() -> None:
    """Collect garbage from now on; what the start has made is not looked at."""
    gc.freeze()
    gc.enable()


def _freeze_survivors(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST_GENERATION:
        gc.freeze()
