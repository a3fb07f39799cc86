"""A plugin of pytest: what runs one after another where two tests run at a time.

Tests of a module share its fixtures, and many modules share one stack.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LANES = 2
OPTIONS = ("-p", __name__, "-n", str(LANES), "--dist", "loadscope", "--no-loadscope-reorder")
_STACKS_OWN = "tests/integration"
"""The folder whose fixture `stack` is the one of the whole run; deeper ones have others."""
_OTHERS = ("test_fleet_scenarios", "test_rig_cli")
"""Its modules that start a stack of their own."""


class Lanes(LoadScopeScheduling):
    """Sends the tests of a lane to one process, as xdist's own schedulers do by other rules.

    A group's name, which xdist would append to a test's, is lost in pytest 9.2, and
    `--last-failed` does not know the test by it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


# Before xdist's own, which takes `loadscope` to be a module or a class.
@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """https://pytest-xdist.readthedocs.io/en/stable/distribution.html"""
    return Lanes(config, log)


def lane(nodeid: str) -> str:
    """What a test runs one after another with: its module, or all that share the stack."""
    module = PurePosixPath(nodeid.split("::", 1)[0])
    shared = module.parent.as_posix() == _STACKS_OWN and module.stem not in _OTHERS
    return "stack" if shared else module.as_posix()
