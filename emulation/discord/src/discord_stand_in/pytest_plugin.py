"""The pytest plugin: the fixture `discord_stand_in`, a running stand-in.

Settings of pytest: `discord_stand_in_scope` (a scope of fixtures; by default each test has a
stand-in of its own) and `discord_stand_in_options` (more options of `discord-stand-in`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

# Loaded at every start of pytest: what a stand-in needs is imported by the fixture.
if TYPE_CHECKING:
    from discord_stand_in.testing import StandIn

_SCOPE, _OPTIONS = "discord_stand_in_scope", "discord_stand_in_options"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's settings."""
    parser.addini(_SCOPE, "scope of the fixture discord_stand_in", default="function")
    parser.addini(_OPTIONS, "more options of discord-stand-in", default="")


def _scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ARG001 - pytest names them
    return config.getini(_SCOPE)


@pytest.fixture(scope=_scope)
def discord_stand_in(pytestconfig: pytest.Config) -> Iterator[StandIn]:
    """A stand-in for Discord on a free port: a bot, a guild with channels, and users."""
    from discord_stand_in.testing import running

    with running(*shlex.split(pytestconfig.getini(_OPTIONS))) as stand_in:
        yield stand_in
