"""A plugin of pytest: what runs one after another where two tests run at a time.

Most of a start is waiting, so a second lane pays. But people are answered within three seconds,
workers hold their leases, and pages are smooth, only where processors are left for it: what has
people in it runs in one lane, which also shares a stack.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LANES = 2
OPTIONS = ("-p", __name__, "-n", str(LANES), "--dist", "loadscope", "--no-loadscope-reorder")
CROWDS = "crowds"
_OF_CROWDS = ("tests/integration", "tests/e2e")
"""Folders whose modules, deeper ones not counted, need a stack or a browser that keeps up."""
_OTHERS = ("test_rig_cli", "test_deploy_rehearsal")
"""Their modules that do not."""
_TOGETHER = ("tests/infra", "tests/conformance/discord")
"""Folders whose modules share what takes long to make."""


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
    """What a test runs one after another with: all crowds, its folder's, or its module's."""
    module = PurePosixPath(nodeid.split("::", 1)[0])
    folder = module.parent.as_posix()
    if folder in _OF_CROWDS and module.stem not in _OTHERS:
        return CROWDS
    return folder if folder in _TOGETHER else module.as_posix()
