"""A fleet that cannot start ends what it started, tells users and the owner, and tries again.

Each scenario goes from a user's command to the instance time that AWS bills. All share one stack;
each begins and ends with a sleeping fleet, and times are AWS's seconds.
"""

from collections.abc import Iterator
from contextlib import suppress

import boto3
import pytest

from emulation.rig.emulator_client import client_options
from emulation.rig.options import FleetOptions, StackOptions
from emulation.rig.waiting import wait_until
from tests.fleet_stack import FleetStack
from tests.integration.channel import contains_text
from tests.operations_page import update_that_forgets_failed_starts
from tests.stack import ANSWER_SECONDS, running
from tests.targets import AWS, TARGET

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(TARGET == AWS, reason="the fleet is the emulator's, which is hurt at will"),
]

SPEED = 20
FAILED_STARTS = 2
PAUSE_SECONDS = 60
"""Real ones; long enough for users to be told in it on a slow machine."""
JOIN = 600
GONE_WITHIN = 12 * 60 + 15 * SPEED
"""The loop's functions are not sped up: it may be 15 real seconds late on a slow machine. That it
takes 12 minutes on AWS is tested by a simulated clock (test_backlog_night.py)."""
OPTIONS = StackOptions(
    aws_port=0,
    discord_port=0,
    fleet=FleetOptions(minimum_tasks=0, maximum_tasks=2, speed=SPEED),
    answer_seconds=ANSWER_SECONDS,
    environment="faults",
    visibility_timeout_seconds=6,
    variables={
        "worker": {"torch_threads": 1},
        "scaling": {"scale_in_hold_seconds": 60},
        "safeguards": {"failed_starts": FAILED_STARTS, "retry_pause_seconds": PAUSE_SECONDS},
    },
)


@pytest.fixture(scope="module")
def stack() -> Iterator[FleetStack]:
    with running("test-fleet-faults", OPTIONS) as started:
        yield FleetStack(started)


@pytest.fixture
def fleet(stack: FleetStack) -> Iterator[FleetStack]:
    """A sleeping fleet without a failed start; afterwards without a fault."""
    stack.wait_until_asleep()
    stack.stack.empty_queue()  # the message of a job that was refused would wake the fleet
    forget_failures(stack)
    wait_until(lambda: stack.alarm("failed-starts") == "OK", "the alarm is over", 60)
    stack.wait_until_asleep()
    yield stack
    for name in ("no-registration", "agent-disconnected", "image-pull", "no-gpu"):
        stack.agent.change("fault", fault=name, on=False)
    stack.agent.change("allow-capacity")


def forget_failures(fleet: FleetStack) -> None:
    """What docs/operations.md says to do for a try at once."""
    dynamodb = boto3.client("dynamodb", **client_options(fleet.stack.state))
    update = update_that_forgets_failed_starts(fleet.stack.state.jobs_table_name)
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):  # nothing failed so far
        dynamodb.update_item(**update, ConditionExpression="attribute_exists(guard)")


def text(fleet: FleetStack, interaction: str) -> str:
    """What the user of an interaction reads now."""
    return str(fleet.stack.discord.interaction(interaction)["history"][-1]["content"])


def billed(fleet: FleetStack, mark: int) -> list[float]:
    """The time of each instance that was launched after a mark, in AWS's seconds."""
    began: dict[str, float] = {}
    times = []
    for change in fleet.changes(mark):
        if str(change) == "instance Pending":
            began[change.name] = change.at
        if str(change) == "instance Terminated":
            times.append((change.at - began.pop(change.name)) * SPEED)
    assert began == {}, "some still run"
    return times


def longest(fleet: FleetStack, mark: int) -> float:
    """The longest time of an instance after a mark, where one task is wanted, in AWS's seconds.

    There may be two: a capacity provider launches two for an empty group if its minute comes
    before the wake-up's own request.
    """
    times = billed(fleet, mark)
    assert len(times) in (1, 2)
    return max(times)


def ran(fleet: FleetStack, mark: int) -> float:
    """How long tasks ran after a mark, in AWS's seconds: their processes are as slow as here."""
    began: dict[str, float] = {}
    seconds = 0.0
    for change in fleet.changes(mark):
        if str(change) == "task RUNNING":
            began[change.name] = change.at
        elif change.what == "task" and change.name in began:
            seconds += (change.at - began.pop(change.name)) * SPEED
    return seconds


def assert_told_and_asleep(fleet: FleetStack, user: str) -> None:
    """The user who waited and the next one read why, the owner's alarms ring, the fleet sleeps."""
    wait_until(
        lambda: contains_text(text(fleet, user), "en-US", "failed.failed_starts"), "the user", 300
    )
    late = fleet.stack.discord.send("imagine", {"prompt": "a red ring"}, user_id="1500000000000009")
    assert contains_text(text(fleet, late), "en-US", "refused.failed_starts"), text(fleet, late)
    wait_until(lambda: fleet.alarm("failed-starts") == "ALARM", "the owner knows", 60)
    wait_until(lambda: fleet.alarm("starts-stopped") == "ALARM", "of the pause, too", 60)
    fleet.wait_until_asleep()


def test_instances_that_never_join_are_gone_in_time_and_after_some_no_more_are_started(
    fleet: FleetStack,
) -> None:
    fleet.agent.change("fault", fault="no-registration", on=True)
    mark = fleet.mark()
    user = fleet.stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
    assert_told_and_asleep(fleet, user)
    times = billed(fleet, mark)
    assert len(times) == FAILED_STARTS
    assert all(JOIN <= seconds <= GONE_WITHIN for seconds in times), times

    fleet.agent.change("fault", fault="no-registration", on=False)

    def tries_again() -> bool:
        sent = fleet.stack.discord.send("imagine", {"prompt": "a star", "images": 1})
        if contains_text(text(fleet, sent), "en-US", "refused.failed_starts"):
            return False
        fleet.stack.discord.wait_for_pictures(sent, 120)
        return True

    wait_until(tries_again, "after the pause a start is tried, and works", PAUSE_SECONDS + 120)
    wait_until(lambda: fleet.alarm("failed-starts") == "OK", "the owner reads that it works", 60)


def test_an_instance_whose_agent_is_lost_is_ended_though_a_task_is_on_it(
    fleet: FleetStack,
) -> None:
    mark = fleet.mark()
    user = fleet.stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
    fleet.stack.discord.wait_for_pictures(user, 120)
    fleet.agent.change("fault", fault="agent-disconnected", on=True)
    wait_until(lambda: fleet.alarm("failed-starts") == "ALARM", "the owner knows", 120)
    fleet.wait_until_asleep()
    seconds = longest(fleet, mark)
    answered = fleet.answered_at(user)
    launched = next(one.at for one in fleet.changes(mark) if str(one) == "instance Pending")
    assert seconds - (answered - launched) * SPEED <= GONE_WITHIN + 120


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
    user = fleet.stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
    assert_told_and_asleep(fleet, user)
    ended = [one for one in fleet.tasks("STOPPED") if reason in one["reason"]]
    assert len(ended) >= FAILED_STARTS
    if fault == "no-gpu":
        assert {one["exit_code"] for one in ended} == {3}
    assert longest(fleet, mark) - ran(fleet, mark) <= 20 * 60


def test_a_quota_of_nothing_stops_the_launches_and_costs_nothing(fleet: FleetStack) -> None:
    fleet.agent.change("deny-capacity", reason="quota")
    mark = fleet.mark()
    user = fleet.stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
    assert_told_and_asleep(fleet, user)
    assert billed(fleet, mark) == []
    group = fleet.stack.state.auto_scaling_group_name
    [found] = fleet.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[group]
    )["AutoScalingGroups"]
    assert found["DesiredCapacity"] == 0, "Auto Scaling goes on trying as long as it wants one"


def test_when_the_hours_of_a_day_are_used_up_the_fleet_sleeps_and_people_are_told(
    fleet: FleetStack,
) -> None:
    functions, name = fleet.client("lambda"), fleet.stack.state.function_names["backlog"]
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    capped = environment["Variables"] | {"INSTANCE_HOURS_PER_DAY": "0.001"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": capped})
    try:
        sent = fleet.stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
        told = ("refused.instance_hours", "failed.instance_hours")
        wait_until(
            lambda: any(contains_text(text(fleet, sent), "en-US", key) for key in told), "told", 120
        )
        wait_until(lambda: fleet.alarm("starts-stopped") == "ALARM", "the owner knows", 60)
        fleet.wait_until_asleep()
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=environment)
