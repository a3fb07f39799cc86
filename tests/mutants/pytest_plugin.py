"""A plug-in of pytest for the run of one mutant.

Exact cases run before properties: they kill a mutant in milliseconds, where a property needs many
examples, and mutmut names the tests of a mutant in any order. Examples are always the same.

A mutant's process is a fork of one that has run the tests, so what that one cached is forgotten.
So it is before each test while mutmut notes which tests call which function: else only the first
test that calls what is cached would be run for a mutant of it.
Programs that a test starts run without the mutant: mutmut is not set up in them.
"""

import os
import sys
from functools import _lru_cache_wrapper

import pytest
from hypothesis import Phase, is_hypothesis_test, settings
from mutmut.mutation.trampoline import get_mutant_under_test


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
    _forget_what_is_cached()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    if get_mutant_under_test() == "stats":
        _forget_what_is_cached()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))


def _forget_what_is_cached() -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("discord_diffusion", "infra"):
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()
