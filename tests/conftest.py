"""Settings and fixtures of all tests."""

import os

from hypothesis import settings

from tests.targets import DOCKER, TARGET

# Before torch is imported: otherwise its threads would wait spinning, each for those that other
# processes hold up (emulation/rig/host/processes.py).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# How long an example takes depends on what else the machine does; and the same tests run each time.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

pytest_plugins = ["tests.stack", "tests.terraform_provider"]
# They need an engine: `make test-docker`.
collect_ignore = [] if TARGET == DOCKER else ["docker"]
