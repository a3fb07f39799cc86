"""Settings and fixtures of all tests."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.emulator_exceptions import mark_exceptions
from tests.targets import DOCKER, EMULATOR, TARGET

# Before torch is imported: otherwise its threads would wait spinning, each for those that other
# processes hold up (emulation/rig/host/processes.py).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# The models of tests are so small that a second thread costs more than it does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes depends on what else the machine does; and the same tests run each time.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

pytest_plugins = ["tests.stack", "tests.terraform_provider"]
# They need an engine: `make test-docker`.
collect_ignore = [] if TARGET == DOCKER else ["docker"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the failures that are known of the emulator."""
    mark_exceptions(items, EMULATOR)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what collecting the tests has imported out of garbage collections.

    With torch, a full collection would go through a million objects, and take a third of a second,
    each time that the worker releases memory.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
