"""What operations have to be allowed, where their parameters leave something out."""

from ecs_fleet_emulator.iam.operations import required
from ecs_fleet_emulator.iam.operations.scope import DefinitionRoles, Scope


def test_an_operation_that_names_no_task_is_one_on_all_tasks_of_its_cluster() -> None:
    scope = Scope("111122223333", "eu-west-1")
    [request] = required("ecs", "GetTaskProtection", {"cluster": "bot"}, scope)
    assert request.resource == "arn:aws:ecs:eu-west-1:111122223333:task/bot/*"


def test_running_a_task_is_a_right_to_its_revision_and_to_pass_its_roles() -> None:
    revision = "arn:aws:ecs:eu-west-1:111122223333:task-definition/worker:7"
    role = "arn:aws:iam::111122223333:role/"
    found = DefinitionRoles(revision, task=f"{role}task", execution=f"{role}start")
    scope = Scope("111122223333", "eu-west-1", definition=lambda _: found)
    given = {"cluster": "bot", "taskDefinition": "worker"}
    requests = list(required("ecs", "RunTask", given, scope))
    assert [(one.action, one.resource) for one in requests] == [
        ("ecs:RunTask", revision),
        ("iam:PassRole", f"{role}start"),
        ("iam:PassRole", f"{role}task"),
    ]
    cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/bot"
    assert requests[0].values == {"ecs:cluster": (cluster,)}
    assert requests[1].values == {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}


def test_roles_of_the_overrides_are_passed_in_place_of_the_definitions() -> None:
    found = DefinitionRoles("arn:aws:revision", task="arn:one")
    scope = Scope("111122223333", "eu-west-1", definition=lambda _: found)
    overrides = {"taskRoleArn": "arn:two"}
    given = {"taskDefinition": "worker", "overrides": overrides, "tags": [{"key": "a"}]}
    requests = list(required("ecs", "RunTask", given, scope))
    assert [(one.action, one.resource) for one in requests] == [
        ("ecs:RunTask", "arn:aws:revision"),
        ("iam:PassRole", "arn:two"),
        ("ecs:TagResource", "arn:aws:ecs:eu-west-1:111122223333:task/default/*"),
    ]
