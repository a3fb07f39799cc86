"""Tags that ECS refuses, and those that a task gets."""

from types import SimpleNamespace

import pytest

from ecs_fleet_emulator.fleet.task_tags import managed_tags, propagated_tags, tags_of_task
from ecs_fleet_emulator.services.tag_rules import tag_errors

DEFINITION = SimpleNamespace(tags=[{"key": "team", "value": "red"}])
SERVICE = SimpleNamespace(tags=[{"key": "team", "value": "blue"}])


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([{"key": f"k{number}"} for number in range(51)], "at most 50 tags"),
        ([{"key": "AWS:mine", "value": "x"}], "reserved"),
        ([{"key": "k" * 129}], "too long"),
        ([{"key": ""}], "has no key"),
        ([{"key": "k", "value": "v" * 257}], "too long"),
        ([{"key": "k"}, {"key": "k"}], "Duplicate"),
    ],
)
def test_tags_that_break_a_rule_are_refused(tags: list[dict[str, str]], text: str) -> None:
    assert [found for found in tag_errors(tags) if text in found]


def test_tags_that_break_no_rule_are_accepted() -> None:
    assert not list(tag_errors([{"key": "k" * 128, "value": "v" * 256}, {"key": "K"}]))


@pytest.mark.parametrize(
    ("source", "found"),
    [("SERVICE", SERVICE.tags), ("TASK_DEFINITION", DEFINITION.tags), ("NONE", []), (None, [])],
)
def test_tags_are_propagated_of_what_is_named(
    source: str | None, found: list[dict[str, str]]
) -> None:
    assert propagated_tags(source, DEFINITION, SERVICE) == found


def test_a_requests_tags_win_and_ecs_adds_its_own() -> None:
    given = [{"key": "team", "value": "mine"}]
    found = tags_of_task(given, SERVICE.tags, managed_tags(True, "demo", ""))
    assert found == [
        {"key": "team", "value": "mine"},
        {"key": "aws:ecs:clusterName", "value": "demo"},
    ]
    assert managed_tags(False, "demo", "worker") == {}
    assert managed_tags(True, "demo", "worker")["aws:ecs:serviceName"] == "worker"
