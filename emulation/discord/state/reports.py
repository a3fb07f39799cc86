"""Reports of other parts of the rig for the operations page: series of numbers, and notes."""

from collections import deque

MAX_NOTES = 300
"""How many notes are kept; a note is a JSON object with `text` and `at`."""
MAX_SERIES = 64
_MAX_POINTS = 2_000
"""Points per series."""

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
