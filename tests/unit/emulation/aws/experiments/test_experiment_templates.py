"""A template of an experiment is refused with what is wrong with it, as FIS does."""

from copy import deepcopy
from typing import Any

import pytest

from ecs_fleet_emulator.errors import ExperimentError
from ecs_fleet_emulator.experiments import durations, templates
from ecs_fleet_emulator.experiments.known_actions import ACTIONS, RESOURCE_TYPES

ROLE = "arn:aws:iam::000000000000:role/bot-interactions"
THROTTLES = {
    "actionId": "aws:fis:inject-api-throttle-error",
    "parameters": {
        "service": "sqs",
        "operations": "SendMessage",
        "percentage": "30",
        "duration": "PT5M",
    },
    "targets": {"Roles": "functions"},
}
TEMPLATE: dict[str, Any] = {
    "description": "The queue is throttled, then tasks end.",
    "roleArn": ROLE,
    "stopConditions": [{"source": "none"}],
    "targets": {
        "functions": {
            "resourceType": "aws:iam:role",
            "resourceArns": [ROLE],
            "selectionMode": "ALL",
        },
        "workers": {
            "resourceType": "aws:ecs:task",
            "parameters": {"cluster": "bot", "service": "worker"},
            "selectionMode": "PERCENT(50)",
        },
    },
    "actions": {
        "throttle": THROTTLES,
        "stop": {
            "actionId": "aws:ecs:stop-task",
            "targets": {"Tasks": "workers"},
            "startAfter": ["throttle"],
        },
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The template with another value at a path of keys."""
    template = deepcopy(TEMPLATE)
    *parents, last = path.split("/")
    place: Any = template
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return template


def test_a_template_in_the_form_of_fis_is_taken() -> None:
    templates.check(TEMPLATE)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("actions", {}, "at least one action"),
        ("actions/throttle/parameters/percentage", None, "lacks the parameter percentage"),
        ("actions/throttle/parameters/percentage", "101", "from 1 to 100"),
        ("actions/throttle/parameters/percentage", "half", "from 1 to 100"),
        ("actions/throttle/parameters/duration", "PT30S", "from 1 to 720 minutes"),
        ("actions/throttle/parameters/duration", "5 minutes", "ISO 8601"),
        ("actions/throttle/parameters/kind", "x", "lacks it"),
        ("actions/throttle/targets", {"Tasks": "workers"}, "other targets.*Roles"),
        ("actions/throttle/targets/Roles", "workers", "has to be of aws:iam:role"),
        ("actions/throttle/targets/Roles", "nobody", "which is missing"),
        ("actions/stop/startAfter", ["end"], "starts after end, which is missing"),
        ("actions/throttle/startAfter", ["stop"], "would start after itself"),
        ("actions/stop", None, "no action uses the targets workers"),
        ("stopConditions", [], "stopConditions are needed"),
        ("stopConditions", [{"source": "aws:cloudwatch:alarm"}], "an alarm's ARN"),
        ("targets/workers/selectionMode", "SOME", "ALL, COUNT"),
        ("targets/workers/selectionMode", "PERCENT(0)", "ALL, COUNT"),
        ("targets/workers/parameters", None, "needs resourceArns"),
        ("targets/workers/parameters", {"zone": "a"}, "which aws:ecs:task lacks"),
        ("targets/functions/resourceTags", {"a": "b"}, "has resourceArns"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: object, text: str) -> None:
    with pytest.raises(ExperimentError, match=text):
        templates.check(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("actions/stop/actionId", "aws:eks:pod-delete", "aws:eks:pod-delete"),
        ("targets/workers/resourceType", "aws:eks:pod", "aws:eks:pod"),
        ("logConfiguration", {"logSchemaVersion": 2}, "logConfiguration"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(path: str, value: object, text: str) -> None:
    with pytest.raises(NotImplementedError, match=text):
        templates.check(changed(path, value))


def test_every_action_has_known_targets() -> None:
    for action in ACTIONS.values():
        assert len(action.targets) <= 1
        assert set(action.targets.values()) <= set(RESOURCE_TYPES)


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT1M", 60), ("PT1H30M", 5400), ("PT90S", 90), ("PT12H", 43200)]
)
def test_durations_are_those_of_iso_8601(text: str, seconds: float) -> None:
    assert durations.seconds(text, "duration") == seconds


@pytest.mark.parametrize("text", ["P", "PT", "PT0S", "P1Y", "PT13H", "", "PT-1M"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ExperimentError):
        durations.seconds(text, "duration")


@pytest.mark.parametrize(
    ("mode", "sizes"),
    [("ALL", (0, 1, 10)), ("COUNT(2)", (0, 1, 2)), ("PERCENT(25)", (0, 0, 2))],
)
def test_a_selection_mode_is_a_number_of_resources(mode: str, sizes: tuple[int, ...]) -> None:
    assert tuple(durations.selection(mode).size(present) for present in (0, 1, 10)) == sizes
