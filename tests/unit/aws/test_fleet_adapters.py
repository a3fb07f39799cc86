"""What the group, the service and the cluster ask of AWS, in how many pages and batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import ContainerInstances, EcsService, ServiceCounts
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.fleet.instances import ContainerInstance, GroupInstance, GroupState

REGION = "eu-north-1"
SERVICE = {"cluster": "bot", "services": ["worker"]}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@contextmanager
def stubbed(client: Any) -> Iterator[Stubber]:
    """AWS that answers the calls that are added, each of which must come."""
    assert client.meta.region_name == REGION
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def group() -> InstanceGroup:
    return InstanceGroup("bot-group", region=REGION)


def test_the_state_of_the_group_says_which_instances_leave_and_which_drain(
    group: InstanceGroup,
) -> None:
    states = {
        "i-1": ("Pending", False, False),
        "i-2": ("InService", False, False),
        "i-3": ("Terminating", True, False),
        "i-4": ("Terminating:Wait", True, True),
        "i-5": ("Terminated", True, False),
    }
    members = [
        {
            "InstanceId": name,
            "LifecycleState": state,
            "AvailabilityZone": "a",
            "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": False,
        }
        for name, (state, _, _) in states.items()
    ]
    found: Any = {
        "AutoScalingGroupName": "bot-group",
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 3,
        "DefaultCooldown": 0,
        "AvailabilityZones": [],
        "HealthCheckType": "EC2",
        "CreatedTime": 0,
        "Instances": members,
    }
    with stubbed(group._client) as stub:
        stub.add_response(
            "describe_auto_scaling_groups",
            {"AutoScalingGroups": [found]},
            {"AutoScalingGroupNames": ["bot-group"]},
        )
        assert group.state() == GroupState(
            3, tuple(GroupInstance(name, *ends) for name, (_, *ends) in states.items())
        )


def test_a_group_that_is_gone_is_an_error_that_names_it(group: InstanceGroup) -> None:
    with stubbed(group._client) as stub:
        stub.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
        with pytest.raises(ServiceError) as refused:
            group.state()
    assert str(refused.value) == "no Auto Scaling group bot-group"


def test_the_size_of_the_group_is_set_without_regard_to_a_cooldown(group: InstanceGroup) -> None:
    asked = {"AutoScalingGroupName": "bot-group", "DesiredCapacity": 2, "HonorCooldown": False}
    with stubbed(group._client) as stub:
        stub.add_response("set_desired_capacity", {}, asked)
        group.set_desired(2)


def test_the_latest_activities_of_the_group_are_read(group: InstanceGroup) -> None:
    asked = {"AutoScalingGroupName": "bot-group", "MaxRecords": 50}
    other = {
        "ActivityId": "1",
        "AutoScalingGroupName": "bot-group",
        "Cause": "c",
        "StartTime": 0,
        "StatusCode": "Successful",
    }
    ended = other | {"Description": "Terminating EC2 instance: i-1"}
    with stubbed(group._client) as stub:
        stub.add_response("describe_scaling_activities", {"Activities": [other, ended]}, asked)
        assert group.launches() == []


@pytest.mark.parametrize("replaced", [True, False])
def test_an_instance_is_ended_with_or_without_another_in_its_place(
    group: InstanceGroup, replaced: bool
) -> None:
    asked = {"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": not replaced}
    with stubbed(group._client) as stub:
        stub.add_response("terminate_instance_in_auto_scaling_group", {}, asked)
        group.terminate("i-1", replace=replaced)
    with stubbed(group._client) as stub:
        stub.add_response(
            "terminate_instance_in_auto_scaling_group",
            {},
            {"InstanceId": "i-2", "ShouldDecrementDesiredCapacity": True},
        )
        group.terminate("i-2")


def test_an_instance_that_drains_is_let_go(group: InstanceGroup) -> None:
    asked = {
        "AutoScalingGroupName": "bot-group",
        "LifecycleHookName": "ecs-managed-draining-termination-hook",
        "InstanceId": "i-1",
        "LifecycleActionResult": "CONTINUE",
    }
    with stubbed(group._client) as stub:
        stub.add_response("complete_lifecycle_action", {}, asked)
        group.end_draining("i-1")


@pytest.fixture
def service() -> EcsService:
    return EcsService("bot", "worker", region=REGION)


def test_the_counts_of_the_service_are_read_and_its_desired_count_is_set(
    service: EcsService,
) -> None:
    found = {"services": [{"desiredCount": 3, "runningCount": 2}]}
    asked = {"cluster": "bot", "service": "worker", "desiredCount": 4}
    with stubbed(service._ecs) as stub:
        stub.add_response("describe_services", found, SERVICE)
        stub.add_response("update_service", {}, asked)
        assert service.counts() == ServiceCounts(desired=3, running=2)
        service.set_desired(4)


def test_a_service_that_is_gone_is_an_error_that_names_it(service: EcsService) -> None:
    with stubbed(service._ecs) as stub:
        stub.add_response("describe_services", {"services": []}, SERVICE)
        with pytest.raises(ServiceError) as refused:
            service.counts()
    assert str(refused.value) == "no service worker in cluster bot"


@pytest.fixture
def cluster() -> ContainerInstances:
    return ContainerInstances("bot", region=REGION)


def described(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "containerInstanceArn": name,
        "ec2InstanceId": f"i-{name}",
        "status": "ACTIVE",
        "runningTasksCount": 1,
        "pendingTasksCount": 1,
        "agentConnected": False,
    } | changed


def instance(name: str) -> ContainerInstance:
    return ContainerInstance(name, f"i-{name}", draining=False, tasks=0)


def test_all_pages_of_the_clusters_instances_are_read(cluster: ContainerInstances) -> None:
    with stubbed(cluster._ecs) as stub:
        for token, names in ((None, ["a"]), ("2", ["b"]), ("3", [])):
            page: dict[str, Any] = {"containerInstanceArns": names}
            asked = {"cluster": "bot"} | ({"nextToken": token} if token else {})
            following = {None: "2", "2": "3"}.get(token)
            stub.add_response(
                "list_container_instances",
                page | ({"nextToken": following} if following else {}),
                asked,
            )
        found = [described("a"), described("b", status="DRAINING", agentConnected=True)]
        stub.add_response(
            "describe_container_instances",
            {"containerInstances": found},
            {"cluster": "bot", "containerInstances": ["a", "b"]},
        )
        for _ in found:
            stub.add_response("list_tasks", {"taskArns": []})
        assert cluster.in_cluster() == [
            ContainerInstance("a", "i-a", False, tasks=2, running=1, connected=False),
            ContainerInstance("b", "i-b", True, tasks=2, running=1, connected=True),
        ]


def test_instances_are_described_a_hundred_at_a_time(cluster: ContainerInstances) -> None:
    names = [str(number) for number in range(201)]
    with stubbed(cluster._ecs) as stub:
        for part in (names[:100], names[100:200], names[200:]):
            stub.add_response(
                "describe_container_instances",
                {"containerInstances": [described(name) for name in part]},
                {"cluster": "bot", "containerInstances": part},
            )
        for name in names:
            stub.add_response(
                "list_tasks",
                {"taskArns": []},
                {"cluster": "bot", "containerInstance": name, "desiredStatus": "STOPPED"},
            )
        found = cluster.describe([instance(name) for name in names])
    assert [one.arn for one in found] == names


@pytest.mark.parametrize(("action", "status"), [("drain", "DRAINING"), ("reactivate", "ACTIVE")])
def test_the_status_of_instances_is_set_ten_at_a_time(
    cluster: ContainerInstances, action: str, status: str
) -> None:
    names = [str(number) for number in range(21)]
    with stubbed(cluster._ecs) as stub:
        for part in (names[:10], names[10:20], names[20:]):
            stub.add_response(
                "update_container_instances_state",
                {},
                {"cluster": "bot", "containerInstances": part, "status": status},
            )
        getattr(cluster, action)([instance(name) for name in names])
    with stubbed(cluster._ecs) as stub:
        stub.add_client_error("update_container_instances_state", "AccessDenied")
        with pytest.raises(ServiceError, match="AccessDenied"):
            getattr(cluster, action)([instance("1")])


def test_every_call_that_aws_refuses_is_an_error_of_the_service(
    group: InstanceGroup, service: EcsService, cluster: ContainerInstances
) -> None:
    calls: list[tuple[Any, str, Callable[[], object]]] = [
        (group._client, "describe_auto_scaling_groups", group.state),
        (group._client, "set_desired_capacity", lambda: group.set_desired(1)),
        (group._client, "describe_scaling_activities", group.launches),
        (
            group._client,
            "terminate_instance_in_auto_scaling_group",
            lambda: group.terminate("i-1"),
        ),
        (group._client, "complete_lifecycle_action", lambda: group.end_draining("i-1")),
        (service._ecs, "describe_services", service.counts),
        (service._ecs, "update_service", lambda: service.set_desired(1)),
        (cluster._ecs, "list_container_instances", cluster.in_cluster),
        (
            cluster._ecs,
            "describe_container_instances",
            lambda: cluster.describe([instance("1")]),
        ),
    ]
    for client, operation, call in calls:
        with stubbed(client) as stub:
            stub.add_client_error(operation, "AccessDenied")
            with pytest.raises(ServiceError, match="AccessDenied"):
                call()
