"""IAM on the emulator: tasks and instances have the rights of their roles."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from iam_roles import (
    ACCOUNT,
    REGION,
    Role,
    allow,
    deny,
    error_of,
    make_role,
    name,
    report,
    trust,
    wait_for_denial,
)
from running_emulator import Emulator
from small_fleet import SmallFleet, make_fleet

LAMBDA, TASKS = trust(Service="lambda.amazonaws.com"), trust(Service="ecs-tasks.amazonaws.com")


@pytest.fixture
def emulator(iam_emulator: Emulator) -> Emulator:
    """One that enforces IAM."""
    return iam_emulator


@pytest.fixture
def instance_role(emulator: Emulator) -> Role:
    """A role with a profile of the same name, with which instances may join any cluster."""
    role = make_role(emulator, trust(Service="ec2.amazonaws.com"), allow("ecs:*"))
    iam = emulator.client("iam")
    iam.create_instance_profile(InstanceProfileName=role.name)
    iam.add_role_to_instance_profile(InstanceProfileName=role.name, RoleName=role.name)
    return role


@pytest.fixture
def fleet(emulator: Emulator, instance_role: Role) -> Iterator[SmallFleet]:
    made = make_fleet(emulator, name(), instance_profile=instance_role.name)
    yield made
    made.client("ecs").delete_service(cluster=made.name, service=made.service_name, force=True)
    made.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=made.service_name, ForceDelete=True
    )


def define_task(
    fleet: SmallFleet, *, role: str, execution_role: str = "", image: str = "", **container: object
) -> None:
    """Let the fleet's service run a task with these roles, and with another container."""
    ecs = fleet.client("ecs")
    known = ecs.describe_task_definition(taskDefinition=fleet.service_name)["taskDefinition"]
    [defined] = known["containerDefinitions"]
    del defined["secrets"]  # it has none, and even an empty list needs an execution role
    ecs.register_task_definition(
        family=fleet.service_name,
        requiresCompatibilities=["EC2"],
        taskRoleArn=role,
        **({"executionRoleArn": execution_role} if execution_role else {}),
        volumes=known["volumes"],
        containerDefinitions=[defined | ({"image": image} if image else {}) | container],
    )
    ecs.update_service(
        cluster=fleet.name, service=fleet.service_name, taskDefinition=fleet.service_name
    )


def stopped_reason(fleet: SmallFleet) -> str:
    fleet.set_desired_count(1)
    stopped = fleet.wait(
        lambda: [t for t in fleet.tasks("STOPPED") if t["lastStatus"] == "STOPPED"],
        "a task fails to start",
    )
    return str(stopped[-1]["stoppedReason"])


def task_of(fleet: SmallFleet, task: dict[str, Any]) -> dict[str, Any]:
    """A task that has stopped as ECS describes it now; empty if it has not."""
    found = (one for one in fleet.tasks("STOPPED") if one["taskArn"] == task["taskArn"])
    return next((one for one in found if one["lastStatus"] == "STOPPED"), {})


def test_a_task_does_not_start_without_a_role_that_trusts_ecs(fleet: SmallFleet) -> None:
    logs = make_role(fleet.emulator, TASKS, allow("logs:*"))
    define_task(fleet, role=make_role(fleet.emulator, LAMBDA).arn, execution_role=logs.arn)
    reason = stopped_reason(fleet)
    assert "ECS was unable to assume the role" in reason
    assert "because no role trust policy allows the sts:AssumeRole action" in reason


def test_a_task_does_not_start_without_the_right_to_its_log(fleet: SmallFleet) -> None:
    role = make_role(fleet.emulator, TASKS)
    define_task(fleet, role=role.arn, execution_role=role.arn)
    reason = stopped_reason(fleet)
    assert "failed to create Cloudwatch log stream: AccessDeniedException" in reason
    assert "is not authorized to perform: logs:CreateLogStream" in reason


def test_a_task_gets_its_roles_credentials_and_needs_the_right_to_protect_itself(
    fleet: SmallFleet,
) -> None:
    logs = make_role(fleet.emulator, TASKS, allow("logs:*"))
    role = make_role(fleet.emulator, TASKS)
    define_task(fleet, role=role.arn, execution_role=logs.arn)
    [task] = fleet.run_tasks()
    fleet.wait(lambda: fleet.worker_events(task), "it works")
    credentials = httpx.get(f"{fleet.task_uri(task)}/credentials").json()
    assert credentials["RoleArn"] == role.arn
    assert {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} < credentials.keys()
    [shown] = [t for t in fleet.agent_state()["tasks"] if t["task"] in task["taskArn"]]
    environment = fleet.emulator.task_environment(shown)
    address = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert address == f"{fleet.task_uri(task)}/credentials"
    assert "AWS_ACCESS_KEY_ID" not in environment

    url = f"{fleet.task_uri(task)}/task-protection/v1/state"
    refused = httpx.put(url, json={"ProtectionEnabled": True})
    assert refused.status_code == 400
    assert refused.json()["error"]["Code"] == "AccessDeniedException"
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{fleet.name}"
    role.set_policy(
        allow("ecs:UpdateTaskProtection", Condition={"ArnEquals": {"ecs:cluster": cluster}})
    )
    assert httpx.put(url, json={"ProtectionEnabled": True}).json()["protection"]
    httpx.put(url, json={"ProtectionEnabled": False})


def test_a_task_definition_may_name_its_roles_without_their_arns(fleet: SmallFleet) -> None:
    logs, role = make_role(fleet.emulator, TASKS, allow("logs:*")), make_role(fleet.emulator, TASKS)
    define_task(fleet, role=role.name, execution_role=logs.name)
    [task] = fleet.run_tasks()
    fleet.wait(lambda: fleet.worker_events(task), "it works")
    assert httpx.get(f"{fleet.task_uri(task)}/credentials").json()["RoleArn"] == role.arn


def test_without_an_execution_role_a_task_starts_with_the_rights_of_its_instance(
    fleet: SmallFleet, instance_role: Role
) -> None:
    define_task(fleet, role=make_role(fleet.emulator, TASKS).arn)
    reason = stopped_reason(fleet)
    assert f"assumed-role/{instance_role.name}/i-" in reason
    assert "is not authorized to perform: logs:CreateLogStream" in reason
    instance_role.set_policy(allow(["ecs:*", "logs:*"]))
    fleet.wait(fleet.running, "a task runs")


def test_a_task_definition_with_secrets_needs_an_execution_role(fleet: SmallFleet) -> None:
    secret = {"name": "TOKEN", "valueFrom": "/iam/token"}
    role = make_role(fleet.emulator, TASKS)
    error = error_of(lambda: define_task(fleet, role=role.arn, secrets=[secret]))
    assert error.code == "ClientException"
    assert error.message == (
        "When you are specifying container secrets, you must also specify a value for"
        " 'executionRoleArn'."
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_an_instance_is_drained_at_a_spot_notice_only_with_the_right_of_its_role(
    fleet: SmallFleet, instance_role: Role, *, allowed: bool
) -> None:
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{fleet.name}"
    here = {"ArnEquals": {"ecs:cluster": cluster}}
    drain = "ecs:UpdateContainerInstancesState"
    instance_role.set_policy(
        allow("ecs:*"), *([] if allowed else [deny(drain, "*", Condition=here)])
    )
    logs = make_role(fleet.emulator, TASKS, allow("logs:*"))
    define_task(fleet, role=make_role(fleet.emulator, TASKS).arn, execution_role=logs.arn)
    [task] = fleet.run_tasks()
    fleet.wait(lambda: fleet.worker_events(task), "it works")
    fleet.change_fleet("interrupt", instance=fleet.group()["Instances"][0]["InstanceId"])
    ended = fleet.wait(lambda: task_of(fleet, task), "it is over")
    if allowed:
        assert "its container instance is draining" in ended["stoppedReason"]
        used = report(fleet.emulator)["roles"][instance_role.arn]["used"]
        assert used[drain] == 1
    else:
        assert "terminated by a Spot interruption" in ended["stoppedReason"]
        assert f"assumed-role/{instance_role.name}/i-" in wait_for_denial(
            fleet.emulator, task["containerInstanceArn"]
        )


def test_an_instance_joins_the_cluster_only_with_the_rights_of_its_role(
    fleet: SmallFleet, instance_role: Role
) -> None:
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{fleet.name}"
    elsewhere = {"ArnEquals": {"ecs:cluster": f"{cluster}-other"}}
    instance_role.set_policy(
        allow("ecs:DiscoverPollEndpoint"),
        allow(["ecs:RegisterContainerInstance", "ecs:Submit*"], cluster),
        allow(["ecs:Poll", "ecs:StartTelemetrySession"], Condition=elsewhere),
    )
    logs = make_role(fleet.emulator, TASKS, allow("logs:*"))
    define_task(fleet, role=make_role(fleet.emulator, TASKS).arn, execution_role=logs.arn)
    fleet.set_desired_count(1)
    fleet.wait(
        lambda: any(i["LifecycleState"] == "InService" for i in fleet.group()["Instances"]),
        "an instance is in service",
    )
    instances = f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{fleet.name}/*"
    assert "ecs:Poll" in wait_for_denial(fleet.emulator, instances)
    joined = fleet.client("ecs").list_container_instances(cluster=fleet.name)
    assert joined["containerInstanceArns"] == []


def test_a_task_does_not_start_without_the_right_to_pull_its_image(fleet: SmallFleet) -> None:
    role = make_role(fleet.emulator, TASKS, allow("logs:*"), allow("ecr:GetAuthorizationToken"))
    define_task(
        fleet,
        role=make_role(fleet.emulator, TASKS).arn,
        execution_role=role.arn,
        image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/worker:1",
    )
    reason = stopped_reason(fleet)
    assert reason.startswith("CannotPullECRContainerError: AccessDeniedException")
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/worker"
    assert f"ecr:BatchCheckLayerAvailability on resource: {repository}" in reason
