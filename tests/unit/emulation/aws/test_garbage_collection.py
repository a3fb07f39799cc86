"""A full garbage collection does not scan objects that survived an earlier one."""

import gc
from collections.abc import Iterator

import pytest
from discord_diffusion_emulator import garbage_collection


@pytest.fixture(autouse=True)
def _nothing_frozen() -> Iterator[None]:
    """Until the test ends; what was imported when tests were collected is frozen (conftest.py)."""
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.freeze()


@pytest.fixture
def short_pauses() -> Iterator[None]:
    """Garbage collection as in the emulator, until the test ends."""
    before = list(gc.callbacks)
    garbage_collection.keep_pauses_short()
    yield
    gc.callbacks[:] = before


@pytest.mark.usefixtures("short_pauses")
def test_objects_that_survived_a_full_collection_are_frozen() -> None:
    alive = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.collect()
    assert gc.get_freeze_count() > len(alive)
    assert len(gc.get_objects()) < gc.get_freeze_count() / 2


@pytest.mark.usefixtures("short_pauses")
def test_a_young_collection_freezes_nothing() -> None:
    gc.collect(0)
    assert gc.get_freeze_count() == 0


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
        made = [[] for _ in range(1000)]  # type: ignore[var-annotated]
        garbage_collection.begin()
        assert gc.isenabled()
        assert gc.get_freeze_count() > len(made)
    finally:
        gc.enable()
