"""Signals that a run of the tests may have been told to ignore, and that its programs need."""

import signal


def heed() -> None:
    """Let a program be ended by Ctrl-C and by a closed terminal: the `preexec_fn` of its process.

    A shell starts what runs in the background with SIGINT ignored, `nohup` with SIGHUP ignored, and
    every program that such a run starts would ignore them, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
