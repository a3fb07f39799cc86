"""Settings and fixtures of all tests."""

from hypothesis import settings

from tests.targets import DOCKER, TARGET

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.stack", "tests.terraform_provider"]
# They need an engine: `make test-docker`.
collect_ignore = [] if TARGET == DOCKER else ["docker"]
