"""Scheduled actions of groups.

moto keeps them by name alone, whatever group they are of; here they are a part of their group.
What they do is in fleet/group_scaling.py.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from moto.autoscaling.models import FakeAutoScalingGroup

from ecs_fleet_emulator.errors import InvalidScheduleError
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.group_scaling import GroupAction, scaling_of
from ecs_fleet_emulator.fleet.scheduled_actions import group_schedule

from .group_policies import group_of, groups_of, invalid
from .moto_service import Operation

_SHOWN = (
    "StartTime",
    "EndTime",
    "Recurrence",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "TimeZone",
)
_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")


def operations(agent: FleetAgent) -> dict[str, Operation]:
    """The operations on scheduled actions."""
    return {
        "PutScheduledUpdateGroupAction": partial(_put, agent),
        "BatchPutScheduledUpdateGroupAction": partial(_put_batch, agent),
        "DescribeScheduledActions": _describe,
        "DeleteScheduledAction": _delete,
        "BatchDeleteScheduledAction": _delete_batch,
    }


def _put(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    with agent.lock:
        _store(context, group_of(context, request), request)
    return {}


def _put_batch(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    group, failed = group_of(context, request), []
    for action in request["ScheduledUpdateGroupActions"]:
        try:
            with agent.lock:
                _store(context, group, action)
        except CommonServiceException as error:
            failed.append(_failure(action["ScheduledActionName"], error))
    return {"FailedScheduledUpdateGroupActions": failed}


def _store(context: RequestContext, group: FakeAutoScalingGroup, given: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html"""
    name = given["ScheduledActionName"]
    if all(given.get(size) is None for size in _SIZES):
        raise invalid("At least one of MinSize, MaxSize and DesiredCapacity is required")
    actions = scaling_of(group).actions
    prefix = f"arn:aws:autoscaling:{context.region}:{context.account_id}:scheduledUpdateGroupAction"
    path = f"autoScalingGroupName/{group.name}:scheduledActionName/{name}"
    arn = actions[name].arn if name in actions else f"{prefix}:{uuid4()}:{path}"
    action = GroupAction(name, arn, dict(given), datetime.now(UTC))
    try:
        following = group_schedule(action).next_after(action.created)
    except InvalidScheduleError as error:
        raise invalid(str(error)) from error
    if following is None:
        raise invalid("Given start time is in the past")
    actions[name] = action


def _describe(context: RequestContext, request: Any) -> dict[str, Any]:
    names = request.get("ScheduledActionNames") or ()
    found = [
        _described(group, action)
        for group in groups_of(context, request)
        for action in list(scaling_of(group).actions.values())
        if not names or action.name in names or action.arn in names
    ]
    return {"ScheduledUpdateGroupActions": found}


def _described(group: FakeAutoScalingGroup, action: GroupAction) -> dict[str, Any]:
    """The start is that of the next time, as AWS shows it."""
    given = action.given
    shown = {name: given[name] for name in _SHOWN if given.get(name) is not None}
    following = group_schedule(action).next_after(datetime.now(UTC))
    if following is not None:
        shown["StartTime"] = shown["Time"] = following
    return {
        "AutoScalingGroupName": group.name,
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        **shown,
    }


def _delete(context: RequestContext, request: Any) -> dict[str, Any]:
    group, name = group_of(context, request), request["ScheduledActionName"]
    if scaling_of(group).actions.pop(name, None) is None:
        raise invalid(f"Scheduled action name not found: {name}")
    return {}


def _delete_batch(context: RequestContext, request: Any) -> dict[str, Any]:
    failed = []
    for name in request["ScheduledActionNames"]:
        try:
            _delete(context, {**request, "ScheduledActionName": name})
        except CommonServiceException as error:
            failed.append(_failure(name, error))
    return {"FailedScheduledActions": failed}


def _failure(name: str, error: CommonServiceException) -> dict[str, str]:
    return {"ScheduledActionName": name, "ErrorCode": error.code, "ErrorMessage": str(error)}
