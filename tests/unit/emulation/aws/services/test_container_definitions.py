"""Containers of a task definition that ECS refuses."""

from typing import Any

import pytest

from ecs_fleet_emulator.services.container_definitions import errors

CHECK = {"command": ["CMD", "true"]}


def container(name: str, *after: tuple[str, str], **settings: Any) -> dict[str, Any]:
    depends_on = [{"containerName": other, "condition": what} for other, what in after]
    return {"name": name, "dependsOn": depends_on, **settings}


def test_containers_that_make_sense_are_accepted() -> None:
    assert not list(
        errors(
            [
                container("web", ("db", "HEALTHY"), ("init", "SUCCESS"), ("log", "START")),
                container("db", healthCheck=CHECK, essential=True),
                container("init", essential=False),
                container("log", ("init", "COMPLETE"), essential=False),
                container("none", healthCheck={"command": ["NONE"]}),
            ]
        )
    )


@pytest.mark.parametrize(
    ("containers", "text"),
    [
        ([container("a"), container("a")], "names must be unique"),
        ([container("a", essential=False)], "must be essential"),
        ([container("a", ("b", "START"))], "a depends on b, which is not in the task definition"),
        ([container("a", ("b", "SUCCESS")), container("b")], "an essential container cannot"),
        ([container("a", ("b", "COMPLETE")), container("b")], "an essential container cannot"),
        ([container("a", ("b", "HEALTHY")), container("b")], "has no health check"),
        ([container("a", ("a", "START"))], "circular: a -> a"),
        ([container("a", ("b", "START")), container("b", ("a", "START"))], "circular"),
        ([container("a", healthCheck={"command": ["true"]})], "must begin with CMD"),
        ([container("a", healthCheck={"command": ["CMD"]})], "must begin with CMD"),
        ([container("a", healthCheck={**CHECK, "interval": 4})], "interval of a is 4"),
        ([container("a", healthCheck={**CHECK, "timeout": 61})], "timeout of a is 61"),
        ([container("a", healthCheck={**CHECK, "retries": 0})], "retries of a is 0"),
        ([container("a", healthCheck={**CHECK, "startPeriod": 301})], "startPeriod of a is 301"),
    ],
)
def test_what_contradicts_itself_is_refused(containers: list[dict[str, Any]], text: str) -> None:
    assert [found for found in errors(containers) if text in found]
