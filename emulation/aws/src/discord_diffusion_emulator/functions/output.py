"""What a process prints, cut into invocations."""

import os
import selectors
import threading
from typing import IO

_CHUNK = 65536


class Output:
    """Collects what is written to a pipe, so that the writer never blocks.

    Closes the pipe at its end.

    A process writes before it posts its answer, so what belongs to an invocation is in the pipe
    when the answer arrives: `take` reads it out first.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._text = bytearray()
        self._ended = False
        self._lock = threading.Lock()
        threading.Thread(target=self._collect, name="lambda-output", daemon=True).start()

    def take(self) -> str:
        """Everything written since the last call."""
        with self._lock:
            self._read()
            text = self._text.decode(errors="replace")
            self._text.clear()
        return text

    def _collect(self) -> None:
        with self._pipe, selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._ended:
                selector.select()
                with self._lock:
                    self._read()

    def _read(self) -> None:
        """Read all that is there, and note the end of the pipe."""
        while not self._ended:
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK)
            except BlockingIOError:
                return
            self._ended = not chunk
            self._text += chunk
