"""What tasks and people can ask on the gateway, beside AWS's APIs.

/_emulator/tasks/ID/v4...                       container metadata, for the task itself
/_emulator/tasks/ID/task-protection/v1/state    task protection, for the task itself
/_emulator/fleet                                the fleets' state
/_emulator/fleet/history?after=N                what has changed, oldest first (journal.py)
POST below /_emulator/fleet changes them:
  interrupt       {"instance": ID}              a Spot interruption; without ID any one
  deny-capacity   {"group": NAME, "reason": "capacity" | "quota" | "spot"}   without NAME: all
  allow-capacity  {"group": NAME}
  crash-task      {"task": ID} kills one; {"service": CLUSTER/NAME, "after_seconds": N | null}
                  lets all of a service's fail, null: at their start; "stop": true ends that
  settings        the settings to be changed (settings.py)
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Request, Response

from discord_diffusion_emulator.cloudwatch import alarms as cloudwatch
from discord_diffusion_emulator.fleet.agent import agent, plane
from discord_diffusion_emulator.fleet.region import Plane
from discord_diffusion_emulator.simulation.settings import InvalidSettingsError
from discord_diffusion_emulator.simulation.state import HERE, Crash
from discord_diffusion_emulator.tasks import environment as containers

DEFAULT_REGION = "us-east-1"

# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
REASONS = {
    "capacity": "We currently do not have sufficient capacity in the Availability Zone you"
    " requested. Our system will be working on provisioning additional capacity.",
    "quota": "You have requested more vCPU capacity than your current vCPU limit of 0 allows for"
    " the instance bucket that the specified instance type belongs to.",
    "spot": "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance"
    " count exceeded.",
}


class RequestRefusedError(Exception):
    """What was asked for can't be done; the text says why."""


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, default=_text), status, mimetype="application/json")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _plane_of(task_id: str) -> Plane | None:
    return next((p for p in agent().planes.values() if p.shown(task_id) is not None), None)


def metadata(task_id: str, *, whole: bool) -> Response:
    """The container's metadata, or the whole task's."""
    with agent().lock:
        there = _plane_of(task_id)
        task = there.shown(task_id) if there else None
        if there is None or task is None:
            return _json({"error": "no such task"}, 404)
        definition = there.ecs.describe_task_definition(task.task_definition_arn)
        if whole:
            return _json(containers.task_metadata(task, definition, f"{there.region}a"))
        return _json(containers.metadata(task, definition, definition.container_definitions[0]))


def protection(request: Request, task_id: str) -> Response:
    """Task protection as the task itself asks for it."""
    wanted: tuple[bool, int] | None = None
    if request.method == "PUT":
        given = json.loads(request.get_data() or b"{}")
        if not isinstance(given.get("ProtectionEnabled"), bool):
            return _json({"error": {"Code": "InvalidParameterException"}}, 400)
        wanted = given["ProtectionEnabled"], int(given.get("ExpiresInMinutes") or 120)
    with agent().lock:
        there = _plane_of(task_id)
        answer = there.protection(task_id, wanted) if there else None
    if answer is None:
        return _json({"failure": {"Arn": task_id, "Reason": "MISSING"}}, 404)
    agent().wake()
    return _json({"protection": {name[0].upper() + name[1:]: v for name, v in answer.items()}})


def state(request: Request) -> Response:
    """All that the agent knows."""
    with plane(*_asked(request)) as there:
        return _json(_shown(there))


def history(request: Request) -> Response:
    """What has changed since the entry with a number, or since the start."""
    after = request.args.get("after", "0")
    if not after.isdecimal():
        return _json({"error": f"after is {after!r}: the number of an entry is needed"}, 400)
    with agent().lock:
        there = agent().plane(*_asked(request))
        return _json({"entries": there.journal.after(int(after))})


def _asked(request: Request) -> tuple[str, str]:
    arguments = request.args
    account = arguments.get("account", DEFAULT_AWS_ACCOUNT_ID)
    return account, arguments.get("region", DEFAULT_REGION)


def _shown(there: Plane) -> dict[str, Any]:
    mind, now = there.fleet.state, there.now
    names = {key: instance.id for key, instance in there.projection.instances.items()}
    return {
        "now": now,
        "settings": vars(there.settings)
        | {
            "delays": vars(there.settings.delays),
            "groups": {name: vars(one) for name, one in there.settings.groups.items()},
        },
        "desired": {
            "services": {key: one.desired for key, one in there.world.services.items()},
            "groups": {name: one.desired for name, one in there.world.groups.items()},
        },
        "denied": mind.denied,
        "crashing": {name: crash.after for name, crash in mind.crashing.items()},
        "instances": [
            {
                "instance": names.get(machine.key),
                **{name: value for name, value in vars(machine).items() if name != "room"},
            }
            for machine in mind.machines.values()
        ],
        "tasks": [
            {
                "task": task.id,
                "service": task.service,
                "status": task.status,
                "instance": names.get(task.machine or 0),
                "protected": task.protected(now),
                "reason": task.reason,
                "exit_code": task.exit_code,
                "pid": there.pid(task.id),
            }
            for task in mind.tasks.values()
        ],
    }


def change(request: Request, name: str) -> Response:
    """Change something, and answer the state after it."""
    try:
        given = json.loads(request.get_data() or b"{}")
        if not isinstance(given, dict):
            raise RequestRefusedError("the body has to be a JSON object")
        if name not in _CHANGES:
            raise RequestRefusedError(f"{name!r} is unknown; there are: {', '.join(_CHANGES)}")
        with plane(*_asked(request)) as there:
            _CHANGES[name](there, given)
            shown = _shown(there)
    except (RequestRefusedError, InvalidSettingsError, ValueError) as error:
        return _json({"error": str(error)}, 400)
    if name == "settings":
        cloudwatch.reschedule()
    return _json(shown)


def _interrupt(there: Plane, given: Mapping[str, Any]) -> None:
    if wanted := given.get("instance"):
        keys = [key for key in [there.machine(wanted)] if key is not None]
    else:
        keys = [
            m.key
            for m in there.fleet.state.machines.values()
            if m.phase in HERE and m.rebalanced is None
        ]
    if not keys or not there.fleet.interrupt(keys[0], there.now):
        raise RequestRefusedError("there is no such instance that runs and is not going already")


def _deny(there: Plane, given: Mapping[str, Any]) -> None:
    reason = str(given.get("reason", "capacity"))
    there.fleet.deny(given.get("group", "*"), REASONS.get(reason, reason))


def _allow(there: Plane, given: Mapping[str, Any]) -> None:
    for group in [given["group"]] if "group" in given else list(there.fleet.state.denied):
        there.fleet.deny(group, None)


def _crash(there: Plane, given: Mapping[str, Any]) -> None:
    if "task" in given:
        if not there.kill(given["task"]):
            raise RequestRefusedError(f"the task {given['task']!r} has no process")
    elif "service" in given:
        crash = None if given.get("stop") else Crash(given.get("after_seconds"))
        there.fleet.crash(given["service"], crash)
    else:
        raise RequestRefusedError("name a task or a service")


def _settings(there: Plane, given: Mapping[str, Any]) -> None:
    there.settings = there.settings.changed(given)


_CHANGES: dict[str, Callable[[Plane, Mapping[str, Any]], None]] = {
    "interrupt": _interrupt,
    "deny-capacity": _deny,
    "allow-capacity": _allow,
    "crash-task": _crash,
    "settings": _settings,
}
