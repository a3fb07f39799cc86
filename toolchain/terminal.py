"""The terminal: text that it cannot show is spelled out. Standard library only."""

from __future__ import annotations

import codecs
import os
import sys
from typing import TextIO

_PLAIN = {"…": "...", "✓": "ok", "✗": "x", "→": "->", "×": "x", "·": "-", "’": "'", "–": "-"}
_HANDLER = "spelled-out"


def spell_out() -> None:
    """From now on print what the terminal's encoding lacks in other letters, instead of failing.

    PYTHONIOENCODING, or a locale, may name an encoding without the marks that progress is shown by.
    """
    codecs.register_error(_HANDLER, _spelled_out)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def is_live(stream: TextIO) -> bool:
    """Whether a line that was printed can be replaced: on a terminal that is not `dumb`."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - it only writes
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in lacking), error.end
