"""Show which steps run and how long each took: a live line on a terminal, plain lines elsewhere.

Standard library only: the set-up uses it before any environment exists.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO, TypeVar

from toolchain.terminal import is_live

Result = TypeVar("Result")

_REFRESH_SECONDS = 0.2
_CLEAR_LINE = "\r\x1b[2K"


class Display:
    """Progress of steps that may run side by side; use it as a context manager."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = is_live(self._stream)
        self._running: dict[str, float] = {}
        self._details: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self, title: str, action: Callable[[], Result]) -> Result:
        """Do `action` and print a line with its duration when it ends; return its result."""
        started = time.monotonic()
        with self._lock:
            self._running[title] = started
            if not self._live:
                self._print(f"  … {title}")
        try:
            result = action()
        except BaseException:
            self._finish("✗", title, started)
            raise
        self._finish("✓", title, started)
        return result

    def detail(self, title: str, text: str) -> None:
        """Say how far a running step is, for example `12 of 30 resources`."""
        with self._lock:
            self._details[title] = text

    def _finish(self, mark: str, title: str, started: float) -> None:
        with self._lock:
            self._running.pop(title, None)
            detail = self._details.pop(title, "")
            line = f"{title} ({detail})" if detail else title
            self._print(f"  {mark} {line:<50} {time.monotonic() - started:6.1f} s")

    def _print(self, line: str) -> None:
        self._stream.write(f"{_CLEAR_LINE if self._live else ''}{line}\n")
        self._stream.flush()

    def _refresh(self) -> None:
        while not self._stopped.wait(_REFRESH_SECONDS):
            with self._lock:
                now = time.monotonic()
                parts = [
                    f"{title} {self._details.get(title, '')} {now - at:.0f} s".replace("  ", " ")
                    for title, at in self._running.items()
                ]
                if parts:
                    self._stream.write(f"{_CLEAR_LINE}  … {', '.join(parts)[:110]}")
                    self._stream.flush()

    def __enter__(self) -> Display:
        if self._live:
            threading.Thread(target=self._refresh, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._live:
            with self._lock:
                self._stream.write(_CLEAR_LINE)
                self._stream.flush()
