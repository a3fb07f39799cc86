"""Requests of other people's fleets: carried out, refused as AWS refuses them, or by name."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from small_fleet import IMAGE, SmallFleet, register_definition, task_id


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """Code and text with which a request is refused."""
    with pytest.raises(ClientError) as error:
        call(**request)
    found = error.value.response["Error"]
    return f"{found['Code']}: {found['Message']}"


def new_service(fleet: SmallFleet, **changes: Any) -> dict[str, Any]:
    """A valid request for another service."""
    return {
        "cluster": fleet.name,
        "serviceName": "another",
        "taskDefinition": fleet.service_name,
        "desiredCount": 0,
        **changes,
    }


STRATEGY = [{"capacityProvider": "unknown", "weight": 1}]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"launchType": "FARGATE"}, "does not act out launchType FARGATE"),
        (
            {"launchType": "EC2", "capacityProviderStrategy": STRATEGY},
            "InvalidParameterException: Specifying both a launch type and capacity provider",
        ),
        (
            {"capacityProviderStrategy": STRATEGY},
            "InvalidParameterException: The specified capacity provider 'unknown' was not found",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            "does not act out the capacity provider FARGATE_SPOT",
        ),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}},
            "deploymentController.type CODE_DEPLOY",
        ),
        (
            {"loadBalancers": [{"containerName": "worker", "containerPort": 80}]},
            "does not act out loadBalancers",
        ),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "true"}]},
            "does not act out the placement constraint memberOf",
        ),
        (
            {"placementStrategy": [{"type": "spread", "field": "attribute:color"}]},
            "does not act out the placement strategy spread by attribute:color",
        ),
        (
            {"schedulingStrategy": "DAEMON", "placementStrategy": [{"type": "random"}]},
            "InvalidParameterException: Placement strategies are not supported with DAEMON",
        ),
    ],
)
def test_a_service_that_aws_or_the_emulator_cannot_run_is_refused(
    fleet: SmallFleet, changes: dict[str, Any], text: str
) -> None:
    assert text in refusal(fleet.client("ecs").create_service, **new_service(fleet, **changes))


def test_sizes_of_a_group_that_contradict_each_other_are_refused(fleet: SmallFleet) -> None:
    client, name = fleet.client("autoscaling"), fleet.service_name
    assert "ValidationError: Desired capacity:4 must be between" in refusal(
        client.set_desired_capacity, AutoScalingGroupName=name, DesiredCapacity=4
    )
    assert "ValidationError: Min bound, 4, must be less than or equal to max bound, 3" in refusal(
        client.update_auto_scaling_group, AutoScalingGroupName=name, MinSize=4
    )


def test_a_deployment_that_is_forced_replaces_every_task(fleet: SmallFleet) -> None:
    [old] = fleet.run_tasks()
    answer = fleet.client("ecs").update_service(
        cluster=fleet.name, service=fleet.service_name, forceNewDeployment=True
    )
    deployments = answer["service"]["deployments"]
    assert [one["status"] for one in deployments] == ["PRIMARY", "ACTIVE"]
    assert deployments[0]["id"] != deployments[1]["id"]
    assert {one["taskDefinition"] for one in deployments} == {old["taskDefinitionArn"]}
    fleet.wait(
        lambda: (
            [t["taskArn"] for t in fleet.running()] not in ([], [old["taskArn"]])
            and len(fleet.tasks()) == 1
        ),
        "another task has replaced it",
    )
    fleet.wait(lambda: len(fleet.service()["deployments"]) == 1, "the deployment is over")


def test_what_is_in_use_is_not_deleted_and_what_is_inactive_starts_nothing(
    fleet: SmallFleet,
) -> None:
    fleet.run_tasks()
    ecs = fleet.client("ecs")
    assert "ClusterContainsServicesException" in refusal(ecs.delete_cluster, cluster=fleet.name)
    assert "ResourceInUse" in refusal(
        fleet.client("autoscaling").delete_auto_scaling_group,
        AutoScalingGroupName=fleet.service_name,
    )
    inactive = register_definition(fleet)
    ecs.deregister_task_definition(taskDefinition=inactive)
    assert "ClientException: TaskDefinition is inactive" in refusal(
        ecs.create_service, **new_service(fleet, taskDefinition=inactive)
    )


def test_a_service_that_is_deleted_drains_before_it_is_inactive(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    ecs = fleet.client("ecs")
    named = {"cluster": fleet.name, "service": fleet.service_name}
    assert "cannot be stopped while it is scaled above 0" in refusal(ecs.delete_service, **named)
    fleet.change_fleet("fault", fault="agent-disconnected", on=True)
    try:
        assert ecs.delete_service(**named, force=True)["service"]["status"] == "DRAINING"
    finally:
        fleet.change_fleet("fault", fault="agent-disconnected", on=False)
    fleet.wait(lambda: fleet.service()["status"] == "INACTIVE", "it is inactive")
    described = ecs.describe_tasks(cluster=fleet.name, tasks=[task["taskArn"], "0123"])
    assert [one["taskArn"] for one in described["tasks"]] == [task["taskArn"]]
    [missing] = described["failures"]
    assert (missing["arn"].rsplit("/", 1)[1], missing["reason"]) == ("0123", "MISSING")


def test_lists_come_in_pages_and_a_client_token_starts_nothing_twice(fleet: SmallFleet) -> None:
    ecs = fleet.client("ecs")
    tasks = {one["taskArn"] for one in fleet.run_tasks(2)}
    first = ecs.list_tasks(cluster=fleet.name, maxResults=1)
    second = ecs.list_tasks(cluster=fleet.name, maxResults=1, nextToken=first["nextToken"])
    assert {*first["taskArns"], *second["taskArns"]} == tasks
    assert "nextToken" not in second
    assert "Invalid token" in refusal(ecs.list_tasks, cluster=fleet.name, nextToken="x")
    strategy = [{"capacityProvider": f"{fleet.name}-gpu", "weight": 1}]
    request = {
        "cluster": fleet.name,
        "taskDefinition": fleet.service_name,
        "capacityProviderStrategy": strategy,
        "clientToken": fleet.name,
        "overrides": {"cpu": "1024", "containerOverrides": [{"name": "worker", "memory": 512}]},
    }
    started, again = (ecs.run_task(**request)["tasks"] for _ in range(2))
    assert [one["taskArn"] for one in started] == [one["taskArn"] for one in again]
    assert started[0]["cpu"] == "1024"
    ecs.stop_task(cluster=fleet.name, task=started[0]["taskArn"])
    service = new_service(fleet, clientToken=fleet.name, capacityProviderStrategy=strategy)
    made, found = (ecs.create_service(**service)["service"] for _ in range(2))
    assert made["serviceArn"] == found["serviceArn"]
    service["clientToken"] = "another"
    assert "not idempotent" in refusal(ecs.create_service, **service)
    ecs.delete_service(cluster=fleet.name, service="another", force=True)


def test_instances_are_protected_from_scale_in_one_by_one_unless_processes_are_suspended(
    fleet: SmallFleet,
) -> None:
    groups, name = fleet.client("autoscaling"), fleet.service_name
    group = {"AutoScalingGroupName": name}
    fleet.client("ecs").update_capacity_provider(
        name=f"{fleet.name}-gpu",
        autoScalingGroupProvider={"managedTerminationProtection": "DISABLED"},
    )
    groups.suspend_processes(**group, ScalingProcesses=["Terminate"])
    groups.set_desired_capacity(**group, DesiredCapacity=2)

    def in_service() -> list[str]:
        found = fleet.group()["Instances"]
        return [one["InstanceId"] for one in found if one["LifecycleState"] == "InService"]

    first, second = fleet.wait(lambda: len(in_service()) == 2 and in_service(), "there are two")
    groups.set_instance_protection(**group, InstanceIds=[first], ProtectedFromScaleIn=False)
    groups.set_desired_capacity(**group, DesiredCapacity=1)
    groups.suspend_processes(**group, ScalingProcesses=["Launch"])
    assert set(in_service()) == {first, second}
    groups.resume_processes(**group, ScalingProcesses=["Terminate"])
    fleet.wait(lambda: in_service() == [second], "the one without protection has gone")
    assert "is not part of Auto Scaling group" in refusal(
        groups.set_instance_protection,
        **group,
        InstanceIds=["i-0"],
        ProtectedFromScaleIn=True,
    )
    groups.resume_processes(**group)


def test_a_daemon_has_one_task_on_each_instance(fleet: SmallFleet) -> None:
    fleet.run_tasks(2)
    ecs = fleet.client("ecs")
    small = ecs.register_task_definition(
        family=f"{fleet.name}-daemon",
        requiresCompatibilities=["EC2"],
        containerDefinitions=[{"name": "daemon", "image": IMAGE, "cpu": 10, "memory": 64}],
    )["taskDefinition"]["taskDefinitionArn"]
    service = new_service(fleet, schedulingStrategy="DAEMON", taskDefinition=small)
    del service["desiredCount"]
    ecs.create_service(**service)
    try:

        def hosts() -> list[str]:
            arns = ecs.list_tasks(cluster=fleet.name, serviceName="another")["taskArns"]
            found = arns and ecs.describe_tasks(cluster=fleet.name, tasks=arns)["tasks"]
            return [t["containerInstanceArn"] for t in found or [] if t["lastStatus"] == "RUNNING"]

        fleet.wait(lambda: len(hosts()) == 2, "both instances have one")
        assert len(set(hosts())) == 2
        fleet.set_desired_count(0)
        fleet.wait(lambda: not fleet.group()["Instances"], "daemons keep no instance")
    finally:
        ecs.delete_service(cluster=fleet.name, service="another", force=True)


def test_an_unhealthy_instance_is_replaced(fleet: SmallFleet) -> None:
    fleet.run_tasks()
    [before] = [one["InstanceId"] for one in fleet.group()["Instances"]][:1]
    fleet.client("autoscaling").set_instance_health(InstanceId=before, HealthStatus="Unhealthy")
    fleet.wait(
        lambda: before not in [one["InstanceId"] for one in fleet.group()["Instances"]], "it ends"
    )
    causes = [one["Cause"] for one in fleet.activities() if before in one["Description"]]
    assert "in response to a user health-check" in causes[-1]
    fleet.wait(fleet.running, "another one draws")


def test_a_task_that_is_stopped_is_described_whole(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    stopped = fleet.client("ecs").stop_task(
        cluster=fleet.name, task=task_id(task), reason="by hand"
    )["task"]
    assert stopped.keys() >= task.keys()
    assert (stopped["desiredStatus"], stopped["stoppedReason"]) == ("STOPPED", "by hand")


def test_a_task_definition_in_use_is_kept_until_its_deletion_hurts_nobody(
    fleet: SmallFleet,
) -> None:
    [task] = fleet.run_tasks()
    ecs, definition = fleet.client("ecs"), task["taskDefinitionArn"]
    ecs.deregister_task_definition(taskDefinition=definition)
    deleted = ecs.delete_task_definitions(taskDefinitions=[definition])["taskDefinitions"]
    assert [one["status"] for one in deleted] == ["DELETE_IN_PROGRESS"]
    fleet.run_tasks(2)
    assert task["taskArn"] in [one["taskArn"] for one in fleet.running()]


def test_a_task_that_is_run_by_itself_waits_for_an_instance_and_is_not_replaced(
    fleet: SmallFleet,
) -> None:
    ecs = fleet.client("ecs")
    request = {"cluster": fleet.name, "taskDefinition": fleet.service_name}
    assert "No Container Instances were found" in refusal(ecs.run_task, **request)
    answer = ecs.run_task(
        **request,
        capacityProviderStrategy=[{"capacityProvider": f"{fleet.name}-gpu", "weight": 1}],
        startedBy="somebody",
        overrides={
            "containerOverrides": [
                {"name": "worker", "environment": [{"name": "GREETING", "value": "overridden"}]}
            ]
        },
    )
    [task] = answer["tasks"]
    assert (answer["failures"], task["lastStatus"]) == ([], "PROVISIONING")
    assert (task["group"], task["startedBy"]) == (f"family:{fleet.service_name}", "somebody")
    fleet.wait(lambda: fleet.worker_events(task), "it works")
    [shown] = [t for t in fleet.agent_state()["tasks"] if t["task"] in task["taskArn"]]
    assert fleet.emulator.task_environment(shown)["GREETING"] == "overridden"
    # Two instances were started: without a provider no third task finds room.
    more = ecs.run_task(**request, count=3)
    assert {one["reason"] for one in more["failures"]} == {"RESOURCE:CPU"}
    assert ecs.list_tasks(cluster=fleet.name, startedBy="somebody")["taskArns"] == [task["taskArn"]]
    for one in (task, *more["tasks"]):
        ecs.stop_task(cluster=fleet.name, task=one["taskArn"])
    fleet.wait(lambda: not fleet.group()["Instances"], "the fleet sleeps")
    assert ecs.list_tasks(cluster=fleet.name)["taskArns"] == []
