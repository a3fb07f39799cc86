"""A full garbage collection does not scan objects that survived an earlier, long one."""

import gc
from collections.abc import Iterator

import pytest

from ecs_fleet_emulator import garbage_collection


@pytest.fixture(autouse=True)
def _only_new_objects() -> None:
    """Freeze what other tests have left: a million objects with torch."""
    gc.freeze()


@pytest.fixture
def short_pauses() -> Iterator[None]:
    """Garbage collection as in the emulator, until the test ends."""
    before = list(gc.callbacks)
    garbage_collection.keep_pauses_short()
    yield
    gc.callbacks[:] = before


def looked_at(made: list[list[object]]) -> int:
    """How many of these the next collection looks at."""
    unfrozen = {id(one) for one in gc.get_objects()}
    return sum(id(one) in unfrozen for one in made)


@pytest.mark.usefixtures("short_pauses")
def test_objects_that_survived_a_long_collection_are_frozen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(garbage_collection, "LONG_SECONDS", 0.0)
    alive: list[list[object]] = [[] for _ in range(1000)]
    assert looked_at(alive) == 1000
    gc.collect()
    assert looked_at(alive) == 0


@pytest.mark.usefixtures("short_pauses")
def test_a_short_collection_freezes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage_collection, "LONG_SECONDS", 60.0)
    alive: list[list[object]] = [[] for _ in range(1000)]
    gc.collect()
    assert looked_at(alive) == 1000


@pytest.mark.usefixtures("short_pauses")
def test_a_young_collection_freezes_nothing() -> None:
    alive: list[list[object]] = [[] for _ in range(1000)]
    gc.collect(0)
    assert looked_at(alive) == 1000


@pytest.mark.usefixtures("short_pauses")
def test_later_garbage_is_collected() -> None:
    gc.collect()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() > 0


def test_what_the_start_made_is_not_looked_at_when_collection_begins() -> None:
    gc.disable()
    try:
        made: list[list[object]] = [[] for _ in range(1000)]
        garbage_collection.begin()
        assert gc.isenabled()
        assert looked_at(made) == 0
    finally:
        gc.enable()
