"""Fixtures that every kind of test may ask for."""

from tests.targets import DOCKER, TARGET

pytest_plugins = ["tests.stack"]
# They need an engine: `make test-docker`.
collect_ignore = [] if TARGET == DOCKER else ["docker"]
