"""A plugin of pytest that runs tests in lanes: several at a time, those of a lane one by one.

Most of a stack's start is waiting, so more lanes than processors save time. The modules of a lane
share a stack, an emulator or another slow fixture, which would otherwise start once more.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_OPTIONS = (
    "-p",
    __name__,
    "-p",
    "tests.forked_session",
    "--dist",
    "loadscope",
    "--no-loadscope-reorder",
)
CROWDS, EMULATOR, FLEETS, IAM, SCENARIOS = "crowds", "emulator", "fleets", "iam", "scenarios"
_BY_MODULE = {
    # The stack of the whole run: all of tests/integration but the modules with stacks of their own.
    # Those first that look at what its telemetry reports.
    **{f"tests/e2e/test_{name}.py": CROWDS for name in ("real_stack", "foreign_pages")},
    "tests/integration/test_request_path.py": CROWDS,
    "tests/integration/test_production_module.py": CROWDS,
    **{
        f"tests/integration/test_{name}.py": name
        for name in ("fleet_faults", "rig_cli", "deploy_rehearsal", "deploy_rights", "edited_code")
    },
    # A stack whose fleet scales by itself.
    **{
        f"tests/integration/test_{name}.py": SCENARIOS
        for name in ("worker_start", "fleet_scenarios")
    },
    # Fleets on the emulator of the whole run that runs tasks.
    **{
        f"tests/integration/emulator/test_{name}.py": FLEETS
        for name in (
            *("fleet_agent", "fleet_agent_tasks", "fleet_containers", "fleet_requests"),
            *("fleet_tags", "fleet_terraform", "functions"),
        )
    },
    # Modules with emulators of their own.
    **{
        f"tests/integration/emulator/test_{name}.py": name
        for name in ("fleet_lifecycle", "emulator_snapshots")
    },
    # The emulator of the whole run that enforces IAM.
    **{
        f"tests/integration/emulator/test_{name}.py": IAM
        for name in ("iam_denials", "iam_services", "iam_tasks", "warm_pool")
    },
}
_BY_FOLDER = {
    "tests/integration": CROWDS,
    "tests/integration/emulator": EMULATOR,
    **{name: name for name in ("tests/e2e", "tests/infra", "tests/conformance/discord")},
}


class Lanes(LoadScopeScheduling):
    """Sends the tests of a lane to one process. xdist's own groups would change a test's name."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


# Before xdist's own scheduler, for which `loadscope` is a module or a class.
@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """https://pytest-xdist.readthedocs.io/en/stable/distribution.html"""
    return Lanes(config, log)


def options(at_a_time: int) -> tuple[str, ...]:
    """The options of pytest that run so many tests at a time."""
    return (*_OPTIONS, "-n", str(at_a_time))


def place(module: str) -> int:
    """The place of a module in its lane: as they are named here, then all others."""
    names = list(_BY_MODULE)
    return names.index(module) if module in _BY_MODULE else len(names)


def lane(nodeid: str) -> str:
    """The lane of a test, by its module or folder; other modules have lanes of their own."""
    module = PurePosixPath(nodeid.split("::", 1)[0])
    name = module.as_posix()
    return _BY_MODULE.get(name) or _BY_FOLDER.get(module.parent.as_posix(), name)
