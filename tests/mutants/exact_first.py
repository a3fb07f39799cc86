"""A plug-in of pytest: exact cases run before properties, whose examples are always the same.

An exact case kills a mutant in milliseconds. A property needs many examples, and mutmut names the
tests of a mutant in any order.

Programs that a test starts run without a mutant: mutmut is not set up in them.
"""

import os

import pytest
from hypothesis import Phase, is_hypothesis_test, settings


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    os.environ.pop("MUTANT_UNDER_TEST", None)  # this process keeps its own copy
    settings.register_profile(
        "mutants",
        derandomize=True,
        deadline=None,
        max_examples=30,
        phases=[Phase.explicit, Phase.generate],  # a failing example is enough: it is not shrunk
    )
    settings.load_profile("mutants")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))
