"""What other parts of the rig did, in words, for the operations page."""

from collections import deque
from dataclasses import dataclass

KEPT = 300


@dataclass(frozen=True)
class Note:
    """One thing; `at` is in Unix seconds."""

    text: str
    at: float


class NoteStore:
    """The last notes, in the order in which they came."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque(maxlen=KEPT)

    def add(self, note: Note) -> None:
        """Keep a note."""
        self._notes.append(note)

    def all(self) -> list[Note]:
        """Those that are kept, oldest first."""
        return list(self._notes)

    def clear(self) -> None:
        """Forget them."""
        self._notes.clear()
