"""A plugin of pytest that runs tests in two lanes; the tests of a lane run one after another.

Most of a stack's start is waiting, so a second lane saves time. But answers within three seconds,
leases that are extended in time, and smooth pages need free processors: the modules that test these
share one lane, and with it a stack.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LANES = 2
OPTIONS = ("-p", __name__, "-n", str(LANES), "--dist", "loadscope", "--no-loadscope-reorder")
CROWDS = "crowds"
_OF_CROWDS = ("tests/integration", "tests/e2e")
"""Folders whose own modules, without subfolders, need a stack or a browser at full speed."""
_OTHERS = ("test_rig_cli", "test_deploy_rehearsal")
"""Modules of these folders that do not."""
_TOGETHER = ("tests/infra", "tests/conformance/discord")
"""Folders whose modules share slow fixtures."""


class Lanes(LoadScopeScheduling):
    """Sends the tests of a lane to one process.

    xdist's own groups would append their name to a test's: pytest 9.2 loses it, and `--last-failed`
    then does not find the test.
    """

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


# Before xdist's own scheduler, for which `loadscope` is a module or a class.
@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """https://pytest-xdist.readthedocs.io/en/stable/distribution.html"""
    return Lanes(config, log)


def lane(nodeid: str) -> str:
    """The lane of a test: that of the crowds, its folder's, or its module's."""
    module = PurePosixPath(nodeid.split("::", 1)[0])
    folder = module.parent.as_posix()
    if folder in _OF_CROWDS and module.stem not in _OTHERS:
        return CROWDS
    return folder if folder in _TOGETHER else module.as_posix()
