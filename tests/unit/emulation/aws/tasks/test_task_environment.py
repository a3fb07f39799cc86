"""The commands and the environment variables of a task's containers."""

import os
import pwd
from typing import Any

import pytest

from ecs_fleet_emulator.errors import TaskStartError
from ecs_fleet_emulator.tasks.environment import (
    TASK_FOLDER,
    TaskConfig,
    command,
    health_command,
    inherited_variables,
    variables,
)

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


def test_a_task_of_an_emulator_whose_environment_has_no_home_has_its_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = pwd.getpwuid(os.getuid()).pw_dir
    for name in ("HOME", "TMPDIR", TASK_FOLDER):
        monkeypatch.delenv(name, raising=False)
    found = inherited_variables()
    assert (found["HOME"], found["TMPDIR"]) == (home, home)
    assert str(TaskConfig.from_environ().folder) == home


def test_the_emulators_command_stands_for_one_image_of_a_task_alone() -> None:
    with pytest.raises(TaskStartError, match="the image is not run here"):
        command(CONFIG, {"name": "sidecar"}, stands_in=False)


CONFIG = TaskConfig(command=("image",), programs={"python": "/bin/python3"})


@pytest.mark.parametrize(
    ("container", "line"),
    [
        ({}, ["image"]),
        ({"command": ["python", "-c", "pass"]}, ["/bin/python3", "-c", "pass"]),
        ({"entryPoint": ["sh", "-c"], "command": ["true"]}, ["sh", "-c", "true"]),
    ],
)
def test_a_container_runs_its_own_command_or_else_that_of_its_image(
    container: dict[str, Any], line: list[str]
) -> None:
    assert command(CONFIG, container) == line


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (["CMD", "python", "-V"], ["/bin/python3", "-V"]),
        (["CMD-SHELL", "exit 1 || true"], ["/bin/sh", "-c", "exit 1 || true"]),
    ],
)
def test_a_health_check_is_a_command_or_a_line_for_the_shell(
    check: list[str], line: list[str]
) -> None:
    assert health_command(CONFIG, {"command": check}) == line
