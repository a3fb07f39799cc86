"""Let one command at a time change a stack."""

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulation.rig.stack.state import StateFolder


@contextmanager
def exclusive(cache: Path, folder: StateFolder) -> Iterator[None]:
    """Wait for, then hold, the right to start or stop the stack of `folder`.

    The lock lives in the cache: a stack that is down leaves nothing in its own folder.
    """
    name = hashlib.sha256(str(folder.path).encode()).hexdigest()[:16]
    path = cache / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Waiting for another command that starts or stops this stack ...\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
