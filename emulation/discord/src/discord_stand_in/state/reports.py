"""Reports for the operations page: series of numbers, notes, logs, the rig's parts, API calls."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from discord_stand_in.json_types import Json

MAX_NOTES = 300
"""How many notes are kept; a note is a JSON object with `text` and `at`."""
MAX_SERIES = 64
_MAX_POINTS = 2_000
"""Points per series."""
_MAX_LOG_LINES = 200
"""Lines that are kept of each interaction."""
_MAX_CALLS = 80
_SILENT_SECONDS = 3.0
"""A part that has been reported, and then not for so long, counts as silent."""

Point = tuple[float, float]
"""Unix seconds and the value."""


class SeriesStore:
    """Series such as queue depth, tasks and alarms, each with its points in order of time."""

    def __init__(self) -> None:
        self._series: dict[str, deque[Point]] = {}

    def add(self, name: str, at: float, value: float) -> bool:
        """Keep a point; False if there are too many series already."""
        if name not in self._series and len(self._series) >= MAX_SERIES:
            return False
        points = self._series.setdefault(name, deque(maxlen=_MAX_POINTS))
        later = [points.pop() for _ in range(sum(point[0] > at for point in points))]
        points.append((at, value))
        points.extend(reversed(later))
        return True

    def as_json(self) -> dict[str, list[Point]]:
        """Every series by its name."""
        return {name: list(points) for name, points in self._series.items()}


@dataclass
class ApiCalls:
    """The calls of Discord's API: how many since the start, and the newest."""

    counts: Counter[str] = field(default_factory=Counter)
    newest: deque[Json] = field(default_factory=lambda: deque(maxlen=_MAX_CALLS))

    def add(self, call: Json) -> None:
        """Count a call and keep it; `call` has `status`."""
        self.counts["total"] += 1
        if call["status"] == 429:
            self.counts["limited"] += 1
        elif call["status"] >= 400:
            self.counts["failed"] += 1
        self.newest.append(call)

    def as_json(self) -> Json:
        """The counts, and the newest calls, oldest first."""
        counts = {name: self.counts[name] for name in ("total", "limited", "failed")}
        return counts | {"newest": list(self.newest)}


@dataclass
class Reports:
    """What other parts of the rig report."""

    series: SeriesStore = field(default_factory=SeriesStore)
    notes: deque[Json] = field(default_factory=lambda: deque(maxlen=MAX_NOTES))
    fleet: Json = field(default_factory=lambda: {"tasks": [], "instances": []})
    experiments: Json = field(default_factory=lambda: {"known": [], "experiments": [], "error": ""})
    """Experiments on the emulated AWS."""
    wishes: list[Json] = field(default_factory=list)
    """Experiments that users want to start or to stop, until the rig takes them."""
    logs: dict[str, deque[bytes]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_MAX_LOG_LINES))
    )
    """Lines of logs as JSON, which takes the least memory, by the interaction they are about."""
    parts: dict[str, tuple[str, float]] = field(default_factory=dict)
    """The condition of each part, and when it was reported (Unix seconds)."""

    def add_to_log(self, interaction_id: str, lines: Iterable[Json]) -> None:
        """Keep lines about an interaction."""
        self.logs[interaction_id].extend(json.dumps(line).encode() for line in lines)

    def log_of(self, interaction_id: str) -> list[Json]:
        """The lines about an interaction, oldest first."""
        lines: list[Json] = [json.loads(line) for line in self.logs.get(interaction_id, ())]
        return sorted(lines, key=lambda line: str(line["at"]))

    def conditions(self, now: float) -> dict[str, str]:
        """The condition of each part: `up`, `slow`, `down`, or `silent` if reports have ended."""
        return {
            name: condition if now - at <= _SILENT_SECONDS else "silent"
            for name, (condition, at) in self.parts.items()
        }
