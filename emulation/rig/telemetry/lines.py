"""Read a log that grows: only whole lines, each once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class GrowingLogs:
    """The logs in a folder whose names match a pattern; new ones are found as they come."""

    folder: Path
    pattern: str
    _read: dict[Path, int] = field(default_factory=dict)

    def new_lines(self) -> Iterator[str]:
        """The lines that were completed since the last call."""
        for path in sorted(self.folder.glob(self.pattern)):
            with path.open("rb") as log:
                log.seek(self._read.get(path, 0))
                content = log.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            yield from whole.decode(errors="replace").splitlines()


def parsed(line: str) -> dict[str, Any]:
    """The object in a structured log line; empty for any other line."""
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
