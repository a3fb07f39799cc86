"""Numbers over time that other parts of the rig report: queue depth, tasks, alarms."""

from collections import deque

_KEPT = 2_000
"""Points per series: more than an hour at one a second would not help a person."""
MOST_SERIES = 64

Point = tuple[float, float]
"""Unix seconds and the value."""


class SeriesStore:
    """Every series, its points in order of time."""

    def __init__(self) -> None:
        self._series: dict[str, deque[Point]] = {}

    def add(self, name: str, at: float, value: float) -> bool:
        """Keep a point; False if there are too many series already."""
        if name not in self._series and len(self._series) >= MOST_SERIES:
            return False
        points = self._series.setdefault(name, deque(maxlen=_KEPT))
        later = [points.pop() for _ in range(sum(point[0] > at for point in points))]
        points.append((at, value))
        points.extend(reversed(later))
        return True

    def as_json(self) -> dict[str, list[Point]]:
        """All of them by name."""
        return {name: list(points) for name, points in self._series.items()}

    def clear(self) -> None:
        """Forget them."""
        self._series.clear()
