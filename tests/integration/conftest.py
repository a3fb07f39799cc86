"""Fixtures of all integration tests."""

from collections.abc import Iterator

import pytest

from tests import quota_day
from tests.fleet_stack import OPTIONS, FleetStack
from tests.stack import running


@pytest.fixture(scope="session", autouse=True)
def _provider(shared_terraform_provider: None) -> None:
    """Every test here may run Terraform."""


@pytest.fixture(autouse=True)
def _one_day(request: pytest.FixtureRequest) -> None:
    """A test on the stack of the whole run ends on the day on which it began."""
    if "stack" in request.fixturenames:
        quota_day.wait_for_next_day_if_near()


@pytest.fixture(scope="session")
def fleet_stack() -> Iterator[FleetStack]:
    """A stack for several modules, whose fleet sleeps until there is a job."""
    with running("test-fleet", OPTIONS) as stack:
        stack.end_telemetry()
        found = FleetStack(stack)
        found.wait_until_asleep()
        yield found
