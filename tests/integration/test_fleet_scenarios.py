"""The fleet of the production module wakes, grows, survives faults and goes to sleep again.

Each scenario begins and ends with a sleeping fleet.
"""

import os
import signal
from collections.abc import Iterator
from datetime import datetime

import pytest

from emulation.rig.waiting import wait_until
from tests.fleet_stack import (
    MAXIMUM,
    FleetStack,
    is_in_order,
    most_at_once,
    stopped_while_protected,
)
from tests.integration import rights
from tests.messages import text_of
from tests.targets import AWS, HOST, TARGET

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(TARGET == AWS, reason="the fleet is the emulator's, which is hurt at will"),
]

USERS, EACH = 20, 2
"""Many users, each with a job that waits until the one before it is answered."""
IMAGES = 2
CROWD = {"images": IMAGES, "steps": 4}
_MANY_MINUTES = 10_000
NO_CAPACITY, UNCHARGED = "no free GPU", "Nothing was charged"


@pytest.fixture(scope="module")
def fleet(fleet_stack: FleetStack) -> FleetStack:
    """A fleet that sleeps until there is a job."""
    fleet_stack.wait_until_asleep()
    return fleet_stack


def test_one_interaction_wakes_the_fleet_and_without_jobs_it_sleeps_again(
    fleet: FleetStack,
) -> None:
    mark, began = fleet.mark(), fleet.now()
    discord = fleet.stack.discord
    # The capacity provider asks for two instances a minute later, which lasts a second here: its
    # metric has no points until there are pictures, so that the instance is the wake-up's.
    fleet.agent.change("settings", drop_reservation_points=_MANY_MINUTES)
    try:
        interaction = fleet.send("a red circle", images=1)
        discord.wait_for_pictures(interaction, 120)
    finally:
        fleet.agent.change("settings", drop_reservation_points=0)
    fleet.wait_until_asleep()
    changes = fleet.changes(mark)
    order = [
        "service 1",
        "task PROVISIONING",
        "group 1",
        "instance Pending",
        "instance InService",
        "container_instance ACTIVE",
        "task PENDING",
        "task RUNNING",
        "protection on",
        "protection off",
        "service 0",
        "task STOPPING",
        "task STOPPED",
        "container_instance DRAINING",
        "instance Terminating",
        "instance Terminated",
    ]
    assert is_in_order(order, [str(change) for change in changes]), changes
    counts = [change.state for change in changes if change.what == "service"]
    assert counts == ["1", "0"], "no more than one task is wanted"
    sizes = [change.state for change in changes if change.what == "group"]
    assert sizes == ["1", "0"], "and no more than one instance"
    times = {str(change): change.at for change in changes}
    assert times["protection on"] < fleet.answered_at(interaction) < times["service 0"]
    assert fleet.faults([interaction], 1) == {}
    assert_recorded_by_aws(fleet, began)


def assert_recorded_by_aws(fleet: FleetStack, began: datetime) -> None:
    """AWS's own records show the same: the service's, the group's, the alarms'."""
    state = fleet.stack.state
    scaled = fleet.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{state.ecs_cluster_name}/{state.ecs_service_name}",
    )["ScalingActivities"]
    assert scaled[0]["Description"] == "Setting desired count to 0."
    assert f"{state.ecs_cluster_name}-task-surplus" in scaled[0]["Cause"]
    activities = fleet.client("autoscaling").describe_scaling_activities(
        AutoScalingGroupName=state.auto_scaling_group_name
    )["Activities"]
    instances = [one for one in activities if one["StartTime"] >= began]
    ends = [one["Description"].split(" EC2")[0] for one in instances]
    assert {"Launching a new", "Terminating"} == set(ends)
    assert {one["StatusCode"] for one in instances} == {"Successful"}
    [ending] = [one for one in instances if one["Description"].startswith("Terminating")]
    assert "in response to a user request" in ending["Cause"], "it is released, not outlived"
    [service] = fleet.client("ecs").describe_services(
        cluster=state.ecs_cluster_name, services=[state.ecs_service_name]
    )["services"]
    events = [event["message"] for event in service["events"] if event["createdAt"] >= began]
    messages = " ".join(events)
    for text in ("has started 1 tasks", "has stopped 1 running tasks", "reached a steady state"):
        assert text in messages


def test_a_crowd_scales_the_fleet_to_its_maximum_and_no_busy_task_is_stopped(
    fleet: FleetStack,
) -> None:
    mark = fleet.mark()
    # No job ends before the fleet has grown: how fast this machine draws decides nothing.
    with fleet.stack.no_answer_edited():
        interactions = fleet.send_crowd(USERS, EACH, 1200000000000000000, **CROWD)
        wait_until(lambda: len(fleet.tasks("RUNNING")) == MAXIMUM, "the fleet has grown")
    fleet.wait_for_answers(interactions, IMAGES, 240)
    fleet.wait_until_asleep()
    changes = fleet.changes(mark)
    counts = [int(change.state) for change in changes if change.what == "service"]
    assert max(counts) == MAXIMUM
    assert counts[-1] == 0
    growing = counts[: counts.index(MAXIMUM) + 1]
    assert growing == sorted(growing), counts
    assert most_at_once(changes, "task", "RUNNING") == MAXIMUM
    assert fleet.faults(interactions, IMAGES) == {}
    leases = [one for one in fleet.log_lines("The job is leased") if one["job"] in interactions]
    assert [one["receive_count"] for one in leases] == [1] * len(interactions), "each once"
    assert list(fleet.log_lines("The job is given back")) == []
    assert most_at_once(changes, "protection", "on") > 1
    assert stopped_while_protected(changes) == []


def test_interruptions_and_a_worker_that_crashes_lose_no_answer_and_repeat_none(
    fleet: FleetStack,
) -> None:
    mark, began = fleet.mark(), fleet.now()
    with fleet.stack.no_answer_edited():
        interactions = fleet.send_crowd(USERS, EACH, 1300000000000000000, **CROWD)
        wait_until(lambda: len(fleet.tasks("RUNNING")) == MAXIMUM, "the fleet has grown")
        # It has the first job of each user. Once its leases end, the others share them.
        wait_until(lambda: _crash_one(fleet), "a worker crashes")
        for number in range(3):
            wait_until(lambda: _interrupt_one(fleet), f"interruption {number}")
    fleet.wait_for_answers(interactions, IMAGES, 240)
    fleet.wait_until_asleep()
    changes = fleet.changes(mark)
    assert [str(change) for change in changes].count("interruption notice") == 3
    if TARGET == HOST:
        assert 128 + signal.SIGSEGV in {one["exit_code"] for one in fleet.tasks("STOPPED")}
    assert fleet.log_events("backlog", "A start has failed", began.timestamp()) == [], (
        "a job ended it, once it was ready"
    )
    assert fleet.faults(interactions, IMAGES) == {}
    assert fleet.stack.queue_depth() == (0, 0)
    assert fleet.stack.dead_letters() == 0


def _interrupt_one(fleet: FleetStack) -> bool:
    """Interrupt an instance with a busy task; False if there is none."""
    marked = {one["instance"] for one in fleet.agent.state()["instances"] if one["rebalanced"]}
    chosen = next((one["instance"] for one in fleet.busy() if one["instance"] not in marked), None)
    if chosen is not None:
        fleet.agent.change("interrupt", instance=chosen)
    return chosen is not None


def _crash_one(fleet: FleetStack) -> bool:
    """Crash a busy worker, as a driver may; False if there is none."""
    marked = {one["instance"] for one in fleet.agent.state()["instances"] if one["rebalanced"]}
    busy = [task for task in fleet.busy() if task["instance"] not in marked]
    if busy and TARGET == HOST:
        os.kill(busy[0]["pid"], signal.SIGSEGV)
    elif busy:
        fleet.agent.change("crash-task", task=busy[0]["task"])
    return bool(busy)


@pytest.fixture
def no_capacity(fleet: FleetStack) -> Iterator[None]:
    """AWS has no capacity, until the test allows it or has failed."""
    fleet.agent.change("deny-capacity", reason="capacity")
    yield
    fleet.agent.change("allow-capacity")


def test_without_capacity_users_are_notified_and_the_other_jobs_are_drawn_once_it_is_back(
    fleet: FleetStack, no_capacity: None
) -> None:
    discord = fleet.stack.discord
    # Its own wake-up is missing: the scaling loop wakes the fleet.
    with fleet.stack.changed_function("interactions", WAKE_STATE_MACHINE_ARN=""):
        patient = fleet.send("a blue star", images=1)

    def texts(interaction: str) -> list[str]:
        history = discord.interaction(interaction)["history"]
        return [text_of(version) for version in history]

    wait_until(lambda: NO_CAPACITY in texts(patient)[-1], "the patient user reads why")
    # Only now: a job that is refused before the first launch failed does not mention the failure.
    late = discord.send(
        "imagine", {"prompt": "a red ring"}, age_seconds=860, user_id="1400000000000000009"
    )
    wait_until(lambda: UNCHARGED in texts(late)[-1], "the late one is refused in time")
    assert NO_CAPACITY in texts(late)[-1]
    wait_until(lambda: fleet.alarm("no-capacity") == "ALARM", "people are notified")
    activities = fleet.client("autoscaling").describe_scaling_activities(
        AutoScalingGroupName=fleet.stack.state.auto_scaling_group_name, MaxRecords=1
    )["Activities"]
    assert activities[0]["StatusCode"] == "Failed"

    fleet.agent.change("allow-capacity")
    fleet.wait_for_answers([patient], 1, 120)
    wait_until(lambda: fleet.alarm("no-capacity") == "OK", "the alarm is over")
    fleet.wait_until_asleep()
    assert fleet.history_of(late, 4).uploads == []
    assert fleet.stack.queue_depth() == (0, 0)


@pytest.mark.skipif(TARGET != HOST, reason="IAM is enforced on the host's emulator only")
def test_every_right_that_is_not_used_here_has_a_reason_or_another_test(fleet: FleetStack) -> None:
    state = fleet.stack.state
    assert ("task", "sqs:ReceiveMessage") in rights.used(state)
    assert rights.unused(state) - rights.NEVER_USED - rights.USED_ELSEWHERE == set()


def test_after_the_scenarios_the_plan_is_empty(fleet: FleetStack) -> None:
    assert fleet.stack.plan_is_empty()
