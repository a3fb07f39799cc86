"""The smoke test and the diagnosis of a deployed worker, with the failures that AWS has.

The fleet sleeps at the beginning and at the end of each test. Of those that share it, these come
first: the diagnosis reports what failed in the last hour.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from emulation.rig.emulator_client import client_options
from emulation.rig.options import ModelOptions
from emulation.rig.state import StackState
from fixtures.discord.signing import application
from infra.deploy.aws import Aws
from infra.deploy.diagnosis import diagnose
from infra.deploy.errors import SmokeTestError
from infra.deploy.finding import Verdict
from infra.deploy.fleet_checks import launches, stopped_tasks
from infra.deploy.smoke_test import SmokeTest, smoke_test_parameters
from tests.deployments import deployment
from tests.fleet_stack import MAXIMUM, OPTIONS, FleetStack
from tests.stack import LAYOUT
from tests.targets import AWS, TARGET

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(TARGET == AWS, reason="the fleet is the emulator's, which is hurt at will"),
]

# The failures of one test must not pause the fleet for the next.
PATIENT = {"FAILED_STARTS": "10", "RETRY_PAUSE_SECONDS": "1"}
DEPLOYMENT = deployment(
    environment=OPTIONS.environment, region=OPTIONS.region, maximum_tasks=MAXIMUM
)


@dataclass(frozen=True)
class EmulatedAws(Aws):
    """The emulator's account."""

    state: StackState

    def client(self, service: str) -> Any:
        """A client of the emulator."""
        make: Any = boto3.client  # the service's name is not known to the type checker
        return make(service, **client_options(self.state))


@pytest.fixture(scope="module")
def fleet(fleet_stack: FleetStack) -> Iterator[FleetStack]:
    """The fleet, which is patient with failed starts."""
    with fleet_stack.stack.changed_function("backlog", **PATIENT):
        yield fleet_stack
        fleet_stack.wait_until_asleep()
        fleet_stack.forget_failed_starts()


@pytest.fixture
def aws(fleet: FleetStack) -> EmulatedAws:
    return EmulatedAws("us-east-1", fleet.stack.state)


class Patience:
    """A clock that stands still until a phase is shown and a condition holds; then it runs out."""

    def __init__(self, phase: str, holds: Callable[[], bool]) -> None:
        self.now = 0.0
        self._phase, self._holds = phase, holds

    def show(self, text: str) -> None:
        """Take note of a phase that the smoke test shows."""
        if text.startswith(self._phase) and self._holds():
            self.now = 1e6


def smoke_test(aws: EmulatedAws, patience: Patience | None = None) -> SmokeTest:
    machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    [wake] = [one["stateMachineArn"] for one in machines if one["name"].endswith("-wake")]
    return SmokeTest(
        aws,
        DEPLOYMENT,
        application()["application_id"],
        smoke_test_parameters(ModelOptions.embedded(LAYOUT.root).generation_defaults()),
        aws.state.queue_url,
        wake,
        pause=lambda _seconds: time.sleep(0.5),
        clock=(lambda: patience.now) if patience else time.monotonic,
    )


def failure_of(
    fleet: FleetStack, aws: EmulatedAws, phase: str, holds: Callable[[], bool] = lambda: True
) -> str:
    """What the smoke test says that fails in a phase; its job is dropped."""
    patience = Patience(phase, holds)
    with pytest.raises(SmokeTestError) as failed:
        smoke_test(aws, patience).run(patience.show)
    fleet.stack.empty_queue()
    return str(failed.value)


def test_a_worker_is_woken_draws_a_picture_and_the_fleet_sleeps_again(
    fleet: FleetStack, aws: EmulatedAws
) -> None:
    shown: list[str] = []
    test = smoke_test(aws)
    test.run(shown.append, patience_seconds=120)
    assert test.wait_until_asleep(shown.append, patience_seconds=120) == "the fleet sleeps"
    assert fleet.stack.queue_depth() == (0, 0)
    assert fleet.stack.dead_letters() == 0
    fleet.wait_until_asleep()
    found = diagnose(aws, DEPLOYMENT)
    by_name = {one.name: one for one in found}
    assert by_name["service"].verdict is Verdict.GOOD
    assert by_name["queue"].found == "0 jobs wait, 0 are drawn"
    assert "launches" not in by_name


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("quota", "quota of on-demand vCPUs"),
        ("spot", "quota of Spot vCPUs"),
        ("capacity", "no GPU"),
    ],
)
def test_a_launch_that_aws_refuses_is_the_cause(
    fleet: FleetStack, aws: EmulatedAws, reason: str, meaning: str
) -> None:
    fleet.agent.change("deny-capacity", reason=reason)

    def is_explained() -> bool:
        return any(meaning in one.found for one in launches(aws, DEPLOYMENT))

    try:
        text = failure_of(fleet, aws, "An instance is launched", is_explained)
    finally:
        fleet.agent.change("allow-capacity")
    assert "An instance is launched: still not so" in text
    assert meaning in text
    [found] = [one for one in diagnose(aws, DEPLOYMENT) if meaning in one.found]
    assert found.verdict is Verdict.BAD
    fleet.wait_until_asleep()


def test_an_instance_that_does_not_join_the_cluster_is_the_phase(
    fleet: FleetStack, aws: EmulatedAws
) -> None:
    fleet.agent.change("fault", fault="no-registration", on=True)
    try:
        text = failure_of(fleet, aws, "The instance joins the cluster")
    finally:
        fleet.agent.change("fault", fault="no-registration", on=False)
    assert "The instance joins the cluster: still not so" in text
    assert "has not joined the cluster yet" in text
    fleet.wait_until_asleep()


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("image-pull", "the worker's image is not in the registry"),
        ("no-gpu", "the worker cannot load its model"),
    ],
)
def test_a_task_that_does_not_start_is_explained_by_its_reason(
    fleet: FleetStack, aws: EmulatedAws, fault: str, meaning: str
) -> None:
    def has_failed() -> bool:
        return any(meaning in one.found for one in stopped_tasks(aws, DEPLOYMENT))

    fleet.agent.change("fault", fault=fault, on=True)
    try:
        text = failure_of(fleet, aws, "The", has_failed)
    finally:
        fleet.agent.change("fault", fault=fault, on=False)
    assert meaning in text
    fleet.wait_until_asleep()
