"""A plugin of pytest: what runs one after another where two tests run at a time.

Tests of a module share its fixtures, and many modules share one stack.
"""

from collections.abc import Iterable

import pytest

LANES = 2
_STACKS_OWN = "integration"
"""The folder whose fixture `stack` is the one of the whole run; deeper ones have others."""


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Name each test's group: https://pytest-xdist.readthedocs.io/en/stable/distribution.html"""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    shared = item.path.parent.name == _STACKS_OWN and "stack" in getattr(item, "fixturenames", ())
    return "stack" if shared else item.path.stem
