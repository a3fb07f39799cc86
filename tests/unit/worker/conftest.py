"""A running worker, and a gate that holds up one of its threads."""

from collections.abc import Iterator

import pytest

from tests.unit.worker.worker_harness import Gate, Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()
