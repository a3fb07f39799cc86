"""The environment variables of a task."""

import pytest

from ecs_fleet_emulator.tasks.environment import TaskConfig, variables

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
}


@pytest.mark.parametrize(
    ("has_role", "given"),
    [
        (None, {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}),
        (True, {"AWS_CONTAINER_CREDENTIALS_FULL_URI"}),
        (False, set()),
    ],
)
def test_a_task_has_the_credentials_of_its_role_and_the_root_users_only_without_enforcement(
    has_role: bool | None, given: set[str]
) -> None:
    found = variables(
        TaskConfig(),
        {"name": "worker"},
        endpoint="http://127.0.0.1:4566",
        region="us-east-1",
        task_id="1f2e3d4c",
        has_role=has_role,
    )
    assert found.keys() & CREDENTIALS == given
