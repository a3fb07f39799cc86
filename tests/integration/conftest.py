"""Fixtures of all integration tests."""

from collections.abc import Iterator

import pytest

from tests.fleet_stack import OPTIONS, FleetStack
from tests.stack import running


@pytest.fixture(scope="session", autouse=True)
def _provider(shared_terraform_provider: None) -> None:
    """Every test here may run Terraform."""


@pytest.fixture(scope="session")
def fleet_stack() -> Iterator[FleetStack]:
    """A stack for several modules, whose fleet sleeps until there is a job."""
    with running("test-fleet", OPTIONS) as stack:
        stack.end_telemetry()
        found = FleetStack(stack)
        found.wait_until_asleep()
        yield found
