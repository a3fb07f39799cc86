"""What operations have to be allowed, where their parameters leave something out."""

from ecs_fleet_emulator.iam.operations import required
from ecs_fleet_emulator.iam.operations.scope import Scope


def test_an_operation_that_names_no_task_is_one_on_all_tasks_of_its_cluster() -> None:
    scope = Scope("111122223333", "eu-west-1")
    [request] = required("ecs", "GetTaskProtection", {"cluster": "bot"}, scope)
    assert request.resource == "arn:aws:ecs:eu-west-1:111122223333:task/bot/*"
