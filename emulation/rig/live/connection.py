"""How the connection to Discord fares: written by the connector, read by everybody else."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Connection:
    """A connection to Discord's Gateway; times are ISO 8601."""

    connected_since: str | None = None
    """None while there is no connection."""
    last_reconnect: str | None = None
    reconnects: int = 0
    answered: int = 0
    """Interactions whose answer Discord has taken."""
    unanswered: int = 0
    """Interactions whose user read that the application did not respond."""
    problem: str | None = None
    """Why the connector gave up, and what to do."""

    def save(self, path: Path) -> None:
        """Write it in one piece: a reader never sees half of it."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Connection":
        """What was written last; one that was never there, where nothing was."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return cls()
