"""A running worker, a gate that holds up one of its threads, and the toy model's folder."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.worker.fakes import wait_until
from tests.unit.worker.worker_harness import Gate, Harness

_ENDLESS = ("receive", "watchdog")
"""Threads of a worker that go on until it ends."""


@pytest.fixture(autouse=True)
def _no_worker_goes_on() -> Iterator[None]:
    """A worker that outlived its test would take the processor from every later one."""
    yield
    wait_until(lambda: not [one for one in threading.enumerate() if one.name in _ENDLESS])


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline folder as `from_pretrained` loads it: real classes, random weights."""
    from tests.unit.worker.pipeline import tiny_model  # torch is imported only where it is needed

    folder = tmp_path_factory.mktemp("tiny-model")
    tiny_model.save(folder)
    return folder
