"""The tasks that ECS counts on an instance."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.ecs import ContainerInstances
from discord_diffusion.fleet.starts import FailedStart

ARN = "arn:aws:ecs:us-east-1:123456789012:container-instance/bot/1"
TASKS = [f"arn:aws:ecs:us-east-1:123456789012:task/bot/{number}" for number in (1, 2)]


@pytest.fixture
def instances(monkeypatch: pytest.MonkeyPatch) -> ContainerInstances:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return ContainerInstances("bot", region="us-east-1")


def answers(
    instances: ContainerInstances, running: int, statuses: list[str], **ended: object
) -> Stubber:
    """ECS with one instance, and tasks on it that are stopping."""
    stub = Stubber(instances._ecs)
    stub.add_response("list_container_instances", {"containerInstanceArns": [ARN]})
    described = {
        "containerInstanceArn": ARN,
        "ec2InstanceId": "i-1",
        "status": "ACTIVE",
        "runningTasksCount": running,
        "pendingTasksCount": 0,
        "agentConnected": True,
    }
    stub.add_response("describe_container_instances", {"containerInstances": [described]})
    stopping = TASKS[: len(statuses)]
    stub.add_response(
        "list_tasks",
        {"taskArns": stopping},
        {"cluster": "bot", "containerInstance": ARN, "desiredStatus": "STOPPED"},
    )
    if stopping:
        tasks = [{"lastStatus": status, **ended} for status in statuses]
        stub.add_response("describe_tasks", {"tasks": tasks}, {"cluster": "bot", "tasks": stopping})
    return stub


@pytest.mark.parametrize(
    ("running", "statuses", "tasks"),
    [
        (1, [], 1),
        (1, ["STOPPED"], 1),
        (0, ["STOPPED"], 0),
        (0, ["DEACTIVATING", "STOPPED"], 1),
        (0, ["RUNNING"], 1),
    ],
)
def test_a_task_that_has_not_stopped_yet_counts(
    instances: ContainerInstances, running: int, statuses: list[str], tasks: int
) -> None:
    with answers(instances, running, statuses) as stub:
        [found] = instances.in_cluster()
        stub.assert_no_pending_responses()
    assert (found.ec2_id, found.draining, found.tasks) == ("i-1", False, tasks)
    assert found.running == running


AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "started", "status", "failed"),
    [
        ("TaskFailedToStart", None, None, True),
        ("EssentialContainerExited", AT, 3, True),
        ("EssentialContainerExited", AT - timedelta(hours=1), 4, False),
        ("EssentialContainerExited", AT - timedelta(seconds=90), 4, False),
        ("EssentialContainerExited", AT - timedelta(seconds=89), 4, True),
        ("EssentialContainerExited", AT, 137, False),
        ("ServiceSchedulerInitiated", AT, 0, False),
        ("SpotInterruption", AT, 143, False),
    ],
)
def test_a_task_that_ends_by_itself_as_it_starts_is_a_failed_start(
    instances: ContainerInstances,
    code: str,
    started: datetime | None,
    status: int | None,
    failed: bool,
) -> None:
    stopped = AT + timedelta(seconds=30)
    ended: dict[str, object] = {"stopCode": code, "stoppedAt": stopped}
    ended |= {"startedAt": started} if started else {}
    ended |= {"containers": [{"exitCode": status}]} if status is not None else {}
    for running in (0, 1):  # ECS may have replaced it
        with answers(instances, running, ["STOPPED"], **ended):
            [found] = instances.in_cluster()
        assert found.failed_starts == ((FailedStart(stopped, started),) if failed else ())
