"""The fleet of the production module wakes, grows, survives faults and goes to sleep again.

All scenarios share one stack, which on target `host` is restored from a snapshot; each begins and
ends with a sleeping fleet.
"""

from collections.abc import Iterator

import pytest

from emulation.rig.emulator_client import rights_report
from emulation.rig.options import FleetOptions, StackOptions
from emulation.rig.waiting import wait_until
from tests.fleet_stack import FleetStack, is_in_order, most_at_once, stopped_while_protected
from tests.stack import ANSWER_SECONDS, running
from tests.targets import AWS, HOST, TARGET

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(TARGET == AWS, reason="the fleet is the emulator's, which is hurt at will"),
]

MAXIMUM = 4
OPTIONS = StackOptions(
    aws_port=0,
    discord_port=0,
    fleet=FleetOptions(minimum_tasks=0, maximum_tasks=MAXIMUM, speed=60),
    environment="fleet",
    enforces_iam=TARGET == HOST,
    # Short, so that a job of a killed worker is received again soon; but no busy machine may keep a
    # worker from extending its lease so long, since each job is received once.
    visibility_timeout_seconds=15,
    answer_seconds=ANSWER_SECONDS,
    variables={
        "max_receive_count": 5,
        "worker": {"torch_threads": 1},
        # Five jobs a task: forty want more tasks than there may be.
        "scaling": {
            "seconds_per_job": 1,
            "target_wait_seconds": 5,
            "scale_in_hold_seconds": 60,
        },
        "alarms": {"no_capacity_minutes": 2},
    },
)
USERS, EACH = 20, 2
IMAGES = 2
CROWD = {"images": IMAGES, "steps": 20}
NO_CAPACITY, UNCHARGED = "no free GPU", "Nothing was charged"

# The rights that no scenario uses, by the end of the role's name.
UNUSED = {
    # API Gateway and Step Functions ask for these when they are given the roles; this stack is
    # restored.
    *(
        ("api-gateway-logs", f"logs:{name}")
        for name in (
            "CreateLogGroup",
            "CreateLogStream",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "PutLogEvents",
        )
    ),
    *(
        (machine, f"logs:{name}")
        for machine in ("wake", "scaling")
        for name in (
            "CreateLogDelivery",
            "DeleteLogDelivery",
            "DescribeLogGroups",
            "DescribeResourcePolicies",
            "GetLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "UpdateLogDelivery",
        )
    ),
    # The ECS agent asks for them when it is taken out of its cluster by hand, and for network
    # interfaces of tasks, which the worker's network mode has not.
    ("instance", "ecs:DeregisterContainerInstance"),
    ("instance", "ecs:SubmitAttachmentStateChanges"),
    # Of starts that fail, and of one job that is looked up by itself.
    ("backlog", "autoscaling:SetDesiredCapacity"),
    ("waiting", "dynamodb:GetItem"),
    # Lambda asks for it when the event source mapping is made; this stack is restored.
    ("dead-letters", "sqs:GetQueueAttributes"),
    # What the loop does about instances and tasks that do not start: test_fleet_faults.py.
    *(
        ("backlog", action)
        for action in (
            "autoscaling:CompleteLifecycleAction",
            "dynamodb:GetItem",
            "ecs:UpdateService",
        )
    ),
    # `/queue`: test_channel_limits.py.
    ("interactions", "dynamodb:Query"),
    # Dead letters, which the scenarios have none of: test_job_failures.py.
    *(
        ("dead-letters", action)
        for action in (
            "cloudwatch:PutMetricData",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "sqs:DeleteMessage",
        )
    ),
}


@pytest.fixture(scope="module")
def fleet() -> Iterator[FleetStack]:
    """A stack whose fleet sleeps until there is a job."""
    with running("test-fleet", OPTIONS, restored=True) as stack:
        found = FleetStack(stack)
        found.wait_until_asleep()
        yield found


def test_before_the_scenarios_the_plan_is_empty(fleet: FleetStack) -> None:
    assert fleet.stack.plan_is_empty()


def test_one_interaction_wakes_the_fleet_and_without_jobs_it_sleeps_again(
    fleet: FleetStack,
) -> None:
    mark = fleet.mark()
    discord = fleet.stack.discord
    interaction = discord.send("imagine", {"prompt": "a red circle", "images": 1})
    discord.wait_for_pictures(interaction, 120)
    fleet.wait_until_asleep()
    changes = fleet.changes(mark)
    order = [
        "service 1",
        "task PROVISIONING",
        # By the wake-up itself; the capacity provider would ask for two, a minute later.
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
    assert_recorded_by_aws(fleet)


def assert_recorded_by_aws(fleet: FleetStack) -> None:
    """AWS's own records show the same: the service's, the group's, the alarms'."""
    state = fleet.stack.state
    scaled = fleet.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{state.ecs_cluster_name}/{state.ecs_service_name}",
    )["ScalingActivities"]
    assert scaled[0]["Description"] == "Setting desired count to 0."
    assert f"{state.ecs_cluster_name}-task-surplus" in scaled[0]["Cause"]
    instances = fleet.client("autoscaling").describe_scaling_activities(
        AutoScalingGroupName=state.auto_scaling_group_name
    )["Activities"]
    ends = [one["Description"].split(" EC2")[0] for one in instances]
    assert {"Launching a new", "Terminating"} == set(ends)
    assert {one["StatusCode"] for one in instances} == {"Successful"}
    [ending] = [one for one in instances if one["Description"].startswith("Terminating")]
    assert "in response to a user request" in ending["Cause"], "it is released, not outlived"
    [service] = fleet.client("ecs").describe_services(
        cluster=state.ecs_cluster_name, services=[state.ecs_service_name]
    )["services"]
    messages = " ".join(event["message"] for event in service["events"])
    for text in ("has started 1 tasks", "has stopped 1 running tasks", "reached a steady state"):
        assert text in messages


def test_a_crowd_scales_the_fleet_to_its_maximum_and_no_busy_task_is_stopped(
    fleet: FleetStack,
) -> None:
    mark = fleet.mark()
    interactions = fleet.send_crowd(USERS, EACH, 1200000000000000000, **CROWD)
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


def test_interruptions_and_a_killed_worker_lose_no_answer_and_repeat_none(
    fleet: FleetStack,
) -> None:
    mark = fleet.mark()
    interactions = fleet.send_crowd(USERS, EACH, 1300000000000000000, **CROWD)
    for number in range(3):
        wait_until(lambda: _interrupt_one(fleet), f"interruption {number}")
    wait_until(lambda: _kill_one(fleet), "a worker is killed")
    fleet.wait_for_answers(interactions, IMAGES, 240)
    fleet.wait_until_asleep()
    changes = fleet.changes(mark)
    assert [str(change) for change in changes].count("interruption notice") == 3
    assert fleet.faults(interactions, IMAGES) == {}
    assert fleet.stack.queue_depth() == (0, 0)
    assert fleet.stack.dead_letters() == 0


def _interrupt_one(fleet: FleetStack) -> bool:
    """Interrupt an instance with a busy task; False if there is none."""
    marked = {one["instance"] for one in fleet.agent.state()["instances"] if one["rebalanced"]}
    busy = [task for task in fleet.tasks("RUNNING") if task["protected"]]
    chosen = next((task["instance"] for task in busy if task["instance"] not in marked), None)
    if chosen is not None:
        fleet.agent.change("interrupt", instance=chosen)
    return chosen is not None


def _kill_one(fleet: FleetStack) -> bool:
    """Kill a busy worker; False if there is none."""
    busy = [task["task"] for task in fleet.tasks("RUNNING") if task["protected"]]
    if busy:
        fleet.agent.change("crash-task", task=busy[0])
    return bool(busy)


def test_without_capacity_users_are_notified_and_the_other_jobs_are_drawn_once_it_is_back(
    fleet: FleetStack,
) -> None:
    discord = fleet.stack.discord
    fleet.agent.change("deny-capacity", reason="capacity")
    patient = discord.send("imagine", {"prompt": "a blue star", "images": 1})

    def texts(interaction: str) -> list[str]:
        history = discord.interaction(interaction)["history"]
        return [version["content"] for version in history]

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
def test_every_unused_right_has_a_reason(fleet: FleetStack) -> None:
    found = rights_report(fleet.stack.state.aws_endpoint)
    prefix = f"{fleet.stack.state.ecs_cluster_name}-"
    unused = {
        (role.removeprefix(prefix), action)
        for role, actions in found.unused.items()
        for action in actions
        if role.startswith(prefix)
    }
    assert found.used[f"{prefix}task"].keys() >= {"sqs:ReceiveMessage", "dynamodb:UpdateItem"}
    assert unused - UNUSED == set()


def test_after_the_scenarios_the_plan_is_empty(fleet: FleetStack) -> None:
    assert fleet.stack.plan_is_empty()
