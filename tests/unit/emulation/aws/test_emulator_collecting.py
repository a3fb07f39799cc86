"""A full collection of garbage leaves nothing for the next one to look through."""

import gc
from collections.abc import Iterator

import pytest
from discord_diffusion_emulator import garbage_collection as collecting


@pytest.fixture
def short_pauses() -> Iterator[None]:
    """As in the emulator, until the test ends."""
    before = list(gc.callbacks)
    collecting.begin()
    yield
    gc.callbacks[:] = before
    gc.unfreeze()


@pytest.mark.usefixtures("short_pauses")
def test_what_a_full_collection_found_alive_is_not_looked_at_again() -> None:
    alive = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.collect()
    assert gc.get_freeze_count() > len(alive)
    assert len(gc.get_objects()) < gc.get_freeze_count() / 2


@pytest.mark.usefixtures("short_pauses")
def test_a_young_collection_keeps_nothing() -> None:
    gc.collect(0)
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("short_pauses")
def test_garbage_that_comes_later_is_collected() -> None:
    gc.collect()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() > 0
