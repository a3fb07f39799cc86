"""Checks of experiment templates: what FIS refuses at their creation, and what is not emulated.

https://docs.aws.amazon.com/fis/latest/userguide/experiment-templates.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ecs_fleet_emulator.errors import ExperimentError

from . import durations
from .known_actions import ACTIONS, RESOURCE_TYPES, TARGET_PARAMETERS, Action

ALARM, NO_CONDITION = "aws:cloudwatch:alarm", "none"
_SPOT_LIMITS = (2 * durations.MINUTE, 15 * durations.MINUTE)
_PERCENTAGES = ("percentage", "drainagePercentage", "invocationPercentage")
_NUMBERS = ("delayMilliseconds", "startupDelayMilliseconds")
_MOST_MILLISECONDS = 900_000


def check(template: Mapping[str, Any]) -> None:
    """Check a template: its actions, targets and stop conditions.

    Raises:
        ExperimentError: the text names what is wrong.
        NotImplementedError: the text names what is not emulated.
    """
    for name in ("logConfiguration", "experimentReportConfiguration"):
        if template.get(name):
            raise NotImplementedError(f"the emulator does not act out {name} of an experiment")
    if not template.get("actions"):
        raise ExperimentError("a template needs at least one action")
    targets = template.get("targets") or {}
    for name, target in targets.items():
        _check_target(name, target)
    for name, action in template["actions"].items():
        _check_action(name, action, targets, template["actions"])
    _check_order(template["actions"])
    used = {one for action in template["actions"].values() for one in _targets_of(action)}
    if unused := sorted(set(targets) - used):
        raise ExperimentError(f"no action uses the targets {', '.join(unused)}")
    if not template.get("stopConditions"):
        raise ExperimentError("stopConditions are needed; one with the source none is allowed")
    for condition in template["stopConditions"]:
        _check_condition(condition)


def definition(action: Mapping[str, Any]) -> Action:
    """The definition of a template's action.

    Raises:
        NotImplementedError: there is none here.
    """
    found = ACTIONS.get(action["actionId"])
    if found is None:
        known = ", ".join(ACTIONS)
        raise NotImplementedError(
            f"the emulator has no action {action['actionId']!r}; there are: {known}"
        )
    return found


def _check_target(name: str, target: Mapping[str, Any]) -> None:
    kind = target["resourceType"]
    if kind not in RESOURCE_TYPES:
        known = ", ".join(RESOURCE_TYPES)
        raise NotImplementedError(f"the emulator has no targets of {kind!r}; there are: {known}")
    durations.selection(target["selectionMode"])
    arns, tags, parameters = (
        target.get(key) for key in ("resourceArns", "resourceTags", "parameters")
    )
    if arns and (tags or target.get("filters") or parameters):
        raise ExperimentError(f"the target {name} has resourceArns: then it can have nothing else")
    if not arns and not tags and not target.get("filters") and not parameters:
        raise ExperimentError(f"the target {name} needs resourceArns, resourceTags or parameters")
    for one in parameters or {}:
        if one not in TARGET_PARAMETERS.get(kind, {}):
            raise ExperimentError(f"the target {name} has the parameter {one}, which {kind} lacks")


def _targets_of(action: Mapping[str, Any]) -> list[str]:
    return list((action.get("targets") or {}).values())


def _check_action(
    name: str, action: Mapping[str, Any], targets: Mapping[str, Any], actions: Mapping[str, Any]
) -> None:
    known = definition(action)
    given = action.get("targets") or {}
    if set(given) != set(known.targets):
        needed = ", ".join(known.targets) or "none"
        raise ExperimentError(f"the action {name} has other targets than {known.id}: {needed}")
    for key, target in given.items():
        if target not in targets:
            raise ExperimentError(f"the action {name} names the target {target}, which is missing")
        if targets[target]["resourceType"] != known.targets[key]:
            raise ExperimentError(
                f"the target {target} of the action {name} has to be of {known.targets[key]}"
            )
    for before in action.get("startAfter") or []:
        if before not in actions:
            raise ExperimentError(f"the action {name} starts after {before}, which is missing")
    _check_parameters(name, known, action.get("parameters") or {})


def _check_parameters(name: str, known: Action, given: Mapping[str, str]) -> None:
    for one in given:
        if one not in known.parameters:
            raise ExperimentError(f"the action {name} has the parameter {one}: {known.id} lacks it")
    for one, parameter in known.parameters.items():
        check = _CHECKS.get(one)
        if one in given and check is not None:
            check(given[one], one)
        elif one not in given and parameter.required:
            raise ExperimentError(f"the action {name} lacks the parameter {one}")


def _check_milliseconds(text: str, name: str) -> None:
    if not text.isdecimal() or int(text) > _MOST_MILLISECONDS:
        raise ExperimentError(f"{name} is {text!r}: at most {_MOST_MILLISECONDS} are allowed")


def _check_boolean(text: str, name: str) -> None:
    if text not in ("true", "false"):
        raise ExperimentError(f"{name} is {text!r}: true or false is needed")


_CHECKS: Mapping[str, Callable[[str, str], object]] = {
    **dict.fromkeys(_PERCENTAGES, durations.percentage),
    **dict.fromkeys(_NUMBERS, _check_milliseconds),
    "duration": durations.seconds,
    "startInstancesAfterDuration": durations.seconds,
    "durationBeforeInterruption": lambda text, name: durations.seconds(text, name, *_SPOT_LIMITS),
    "preventExecution": _check_boolean,
}


def _check_order(actions: Mapping[str, Any]) -> None:
    """No action may wait for itself, be it through others."""
    for name in actions:
        seen, found = set[str](), set(actions[name].get("startAfter") or [])
        while found:
            if name in found:
                raise ExperimentError(f"the action {name} would start after itself")
            seen |= found
            found = {one for other in found for one in actions[other].get("startAfter") or []}
            found -= seen


def _check_condition(condition: Mapping[str, Any]) -> None:
    source, value = condition["source"], condition.get("value")
    if source == NO_CONDITION and not value:
        return
    if source != ALARM or not str(value).startswith("arn:aws:cloudwatch:"):
        raise ExperimentError(
            f"a stop condition has the source {ALARM} and an alarm's ARN as its value, or the"
            f" source {NO_CONDITION}"
        )
