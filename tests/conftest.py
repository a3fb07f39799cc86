"""Fixtures that every kind of test may ask for."""

from hypothesis import settings

from tests.targets import DOCKER, TARGET

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.stack"]
# They need an engine: `make test-docker`.
collect_ignore = [] if TARGET == DOCKER else ["docker"]
