"""The pytest plugin: the fixture `ecs_fleet_emulator`, a running emulator.

Settings of pytest: `ecs_fleet_emulator_scope` (a scope of fixtures; by default one emulator for the
whole run, since a start takes seconds) and `ecs_fleet_emulator_region`. How its tasks run, and how
fast its time goes, says the fixture `ecs_fleet_tasks`, which a test suite may replace by its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

# Loaded at every start of pytest: what an emulator needs is imported by the fixtures.
if TYPE_CHECKING:
    from ecs_fleet_emulator.testing import Emulator, EmulatorSession, Tasks

_SCOPE, _REGION = "ecs_fleet_emulator_scope", "ecs_fleet_emulator_region"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's settings."""
    parser.addini(_SCOPE, "scope of the fixture ecs_fleet_emulator", default="session")
    parser.addini(_REGION, "region of AWS that fleets are in", default="us-east-1")


def _scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ARG001 - pytest names them
    return config.getini(_SCOPE)


@pytest.fixture(scope=_scope)
def ecs_fleet_tasks() -> Tasks:
    """How tasks run: each container's own command as a process, AWS's time as it goes on AWS."""
    from ecs_fleet_emulator.testing import Tasks

    return Tasks()


@pytest.fixture(scope=_scope)
def ecs_fleet_emulator(
    pytestconfig: pytest.Config, ecs_fleet_tasks: Tasks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    """An emulated AWS account with fleets of ECS, on a free port."""
    from ecs_fleet_emulator.testing import running

    folder, region = tmp_path_factory.mktemp("ecs-fleet-emulator"), pytestconfig.getini(_REGION)
    with running(ecs_fleet_tasks, folder=folder, region=region) as aws:
        yield aws


@pytest.fixture(scope=_scope)
def ecs_fleet_session(ecs_fleet_emulator: Emulator) -> EmulatorSession:
    """A session of boto3 for the emulated account."""
    return ecs_fleet_emulator.session()
