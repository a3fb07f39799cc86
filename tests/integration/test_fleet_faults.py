"""A fleet that cannot start ends what it started, tells users and the owner, and tries again.

Each scenario goes from a user's command to the end of the last instance. All share one stack; each
begins and ends with a sleeping fleet.
"""

import time
from collections.abc import Iterator

import boto3
import pytest

from emulation.rig.crashes import crashes
from emulation.rig.emulator_client import client_options
from emulation.rig.waiting import wait_until
from tests.fleet_stack import OPTIONS, FleetStack
from tests.integration import rights
from tests.integration.channel import contains_text
from tests.messages import text_of
from tests.stack import running
from tests.targets import AWS, HOST, TARGET

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(TARGET == AWS, reason="the fleet is the emulator's, which is hurt at will"),
]

FAILED_STARTS = 2
PAUSE_SECONDS = 7200
"""Longer than the tests: each of them that waits for its end moves that into the past."""
JOIN = 600 / OPTIONS.fleet.speed
"""Seconds in which an instance has to join the cluster."""
# Looks of the scaling loop, which is as fast as the machine, are counted rather than seconds. What
# this comes to in AWS's time is tested by a simulated clock (test_backlog_night.py).
LOOKS_TO_SEE = 2
"""One may be under way at the moment, and another may find that its state has changed meanwhile."""
LOOKS_TO_END = LOOKS_TO_SEE + 4
"""From the end of its last task: the service has to settle, and the instance is drained."""


@pytest.fixture(scope="module")
def stack() -> Iterator[FleetStack]:
    with running("test-fleet-faults", OPTIONS) as started:
        limits = {
            "FAILED_STARTS": str(FAILED_STARTS),
            "RETRY_PAUSE_SECONDS": str(PAUSE_SECONDS),
        }
        started.end_telemetry()
        found = FleetStack(started)
        # A capacity provider would ask for two, if its minute came before the wake-up's request
        # for one: each start is one instance, whichever comes first.
        found.agent.change("settings", first_scale_out=1)
        with started.changed_function("backlog", **limits):
            yield found


@pytest.fixture
def fleet(stack: FleetStack) -> Iterator[FleetStack]:
    """A sleeping fleet without a failed start; afterwards without a fault."""
    stack.wait_until_asleep()
    stack.stack.empty_queue()  # the message of a job that was refused would wake the fleet
    stack.forget_failed_starts()
    wait_until(lambda: stack.alarm("failed-starts") == "OK", "the alarm is over")
    stack.wait_until_asleep()
    yield stack
    for name in ("no-registration", "agent-disconnected", "image-pull", "no-gpu"):
        stack.agent.change("fault", fault=name, on=False)
    stack.agent.change("allow-capacity")


def text(fleet: FleetStack, interaction: str) -> str:
    """What the user of an interaction reads now."""
    return str(text_of(fleet.stack.discord.interaction(interaction)["history"][-1]))


def end_pause(fleet: FleetStack) -> None:
    """Move the end of the pause into the past."""
    boto3.client("dynamodb", **client_options(fleet.stack.state)).update_item(
        TableName=fleet.stack.state.jobs_table_name,
        Key={"id": {"S": "fleet"}},
        UpdateExpression=(
            "SET guard.version = guard.version + :one, guard.starts.paused_until = :past,"
            " #stop.#until = :past"
        ),
        ExpressionAttributeNames={"#stop": "stop", "#until": "until"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":past": {"N": str(time.time() - 1)}},
    )
    fleet.wait_for_function_caches()


def lives(fleet: FleetStack, mark: int) -> list[tuple[float, float, float]]:
    """When each instance since a mark was launched, taken out of service and gone, in Unix seconds.

    All are gone.
    """
    times: dict[str, dict[str, float]] = {}
    for change in fleet.changes(mark):
        if change.what == "instance":
            times.setdefault(change.name, {})[change.state] = change.at
    return [(one["Pending"], one["Terminating"], one["Terminated"]) for one in times.values()]


def assert_told_and_asleep(fleet: FleetStack, user: str) -> None:
    """The user who waited and the next one read why, the owner's alarms ring, the fleet sleeps."""
    wait_until(
        lambda: contains_text(text(fleet, user), "en-US", "failed.failed_starts"), "the user", 300
    )
    late = fleet.send("a red ring", user_id="1500000000000009")
    assert contains_text(text(fleet, late), "en-US", "refused.failed_starts"), text(fleet, late)
    wait_until(lambda: fleet.alarm("failed-starts") == "ALARM", "the owner knows")
    wait_until(lambda: fleet.alarm("starts-stopped") == "ALARM", "of the pause, too")
    fleet.wait_until_asleep()


def test_instances_that_never_join_are_gone_in_time_and_after_some_no_more_are_started(
    fleet: FleetStack,
) -> None:
    fleet.agent.change("fault", fault="no-registration", on=True)
    mark = fleet.mark()
    user = fleet.send("a red circle", images=1)
    assert_told_and_asleep(fleet, user)
    found = lives(fleet, mark)
    assert len(found) == FAILED_STARTS
    for launched, ended, _ in found:
        assert ended >= launched + JOIN - 1, "Auto Scaling tells the second of a launch"
        assert fleet.looks(launched + JOIN, ended) <= LOOKS_TO_SEE

    fleet.agent.change("fault", fault="no-registration", on=False)
    end_pause(fleet)
    sent = fleet.send("a star", images=1)
    fleet.stack.discord.wait_for_pictures(sent, 120)
    wait_until(lambda: fleet.alarm("failed-starts") == "OK", "the owner reads that it works")


def test_an_instance_whose_agent_is_lost_is_ended_though_a_task_is_on_it(
    fleet: FleetStack,
) -> None:
    user = fleet.send("a red circle", images=1)
    fleet.stack.discord.wait_for_pictures(user, 120)
    mark = fleet.mark()
    fleet.agent.change("fault", fault="agent-disconnected", on=True)
    lost = fleet.now().timestamp()  # other tests have moved its time
    wait_until(lambda: fleet.alarm("failed-starts") == "ALARM", "the owner knows")
    fleet.wait_until_asleep()
    gone = [one.at for one in fleet.changes(mark) if str(one) == "instance Terminated"]
    # The first look that misses the agent counts from then on.
    assert fleet.looks(lost + JOIN, max(gone)) <= LOOKS_TO_SEE + LOOKS_TO_END


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("image-pull", "CannotPullContainerError"),
        ("no-gpu", "Essential container in task exited"),
    ],
)
def test_tasks_that_cannot_start_end_the_instance_that_they_fail_on(
    fleet: FleetStack, fault: str, reason: str
) -> None:
    fleet.agent.change("fault", fault=fault, on=True)
    mark = fleet.mark()
    user = fleet.send("a red circle", images=1)
    assert_told_and_asleep(fleet, user)
    ended = [one for one in fleet.tasks("STOPPED") if reason in one["reason"]]
    assert len(ended) >= FAILED_STARTS
    if fault == "no-gpu":
        assert {one["exit_code"] for one in ended} == {3}
        if TARGET == HOST:
            found = crashes(fleet.tasks("STOPPED"), fleet.stack.folder.logs)
            assert found is not None
            assert (found.count >= FAILED_STARTS, found.exit_status) == (True, 3)
            assert found.said.startswith("The model cannot be loaded: ")
    stopped = [one.at for one in fleet.changes(mark) if str(one) == "task STOPPED"]
    found = lives(fleet, mark)
    assert len(found) in (1, 2)
    for _, ended_at, _ in found:
        last = max((at for at in stopped if at < ended_at), default=ended_at)
        assert fleet.looks(last, ended_at) <= LOOKS_TO_END
    assert len(stopped) <= FAILED_STARTS + 2, "ECS may replace one until the loop has looked"


def test_a_quota_of_nothing_stops_the_launches_and_costs_nothing(fleet: FleetStack) -> None:
    fleet.agent.change("deny-capacity", reason="quota")
    mark = fleet.mark()
    user = fleet.send("a red circle", images=1)
    assert_told_and_asleep(fleet, user)
    assert lives(fleet, mark) == []
    group = fleet.stack.state.auto_scaling_group_name
    [found] = fleet.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[group]
    )["AutoScalingGroups"]
    assert found["DesiredCapacity"] == 0, "Auto Scaling goes on trying as long as it wants one"


def test_when_the_hours_of_a_day_are_used_up_the_fleet_sleeps_and_people_are_told(
    fleet: FleetStack,
) -> None:
    with fleet.stack.changed_function("backlog", INSTANCE_HOURS_PER_DAY="0.001"):
        sent = fleet.send("a red circle", images=1)
        told = ("refused.instance_hours", "failed.instance_hours")
        wait_until(
            lambda: any(contains_text(text(fleet, sent), "en-US", key) for key in told), "told"
        )
        wait_until(lambda: fleet.alarm("starts-stopped") == "ALARM", "the owner knows")
        fleet.wait_until_asleep()


@pytest.mark.skipif(TARGET != HOST, reason="IAM is enforced on the host's emulator only")
def test_the_rights_against_faults_are_used(stack: FleetStack) -> None:
    rights.assert_used(__name__, stack.stack.state)
