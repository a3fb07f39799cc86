"""HTTP endpoints on the gateway, beside AWS's APIs: of tasks, and of the fleet agent.

/_emulator/tasks/ID/v4/CONTAINER...             container metadata, for the task itself
/_emulator/tasks/ID/credentials                 of the task's role, for the task itself
/_emulator/tasks/ID/task-protection/v1/state    scale-in protection, for the task itself
/_emulator/fleet                                the state of a region's fleets
/_emulator/fleet/history?after=N                the journal's entries after number N, oldest first
POST below /_emulator/fleet changes the fleets:
  interrupt       {"instance": ID}              a Spot interruption; of any instance without ID
  deny-capacity   {"group": NAME, "reason": "capacity" | "quota" | "spot"}   without NAME: all
  allow-capacity  {"group": NAME}
  crash-task      {"task": ID} kills one; {"service": CLUSTER/NAME, "after_seconds": N | null}
                  makes all of a service's tasks fail, null: at their start; "stop": true ends that
  fault           {"fault": NAME, "on": true | false}: a fault of all (simulation/state.py)
  settings        the settings to be changed (simulation/settings.py)

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from signal import SIGKILL
from typing import TYPE_CHECKING, Any

from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Request, Response

from ecs_fleet_emulator.errors import (
    AccessDeniedError,
    InvalidSettingsError,
    RequestRefusedError,
)
from ecs_fleet_emulator.iam import endpoints as iam_endpoints
from ecs_fleet_emulator.simulation.state import CrashRule, Fault
from ecs_fleet_emulator.tasks import metadata
from ecs_fleet_emulator.tasks.metadata import TASKS_PATH

from .agent import FleetAgent

if TYPE_CHECKING:
    from ecs_fleet_emulator.iam.sessions import RoleSession

    from .region import Region

FLEET_PATH = "/_emulator/fleet"
DEFAULT_REGION = "us-east-1"
DEFAULT_PROTECTION_MINUTES = 120

# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
DENIAL_REASONS = {
    "capacity": "We currently do not have sufficient capacity in the Availability Zone you"
    " requested. Our system will be working on provisioning additional capacity.",
    "quota": "You have requested more vCPU capacity than your current vCPU limit of 0 allows for"
    " the instance bucket that the specified instance type belongs to.",
    "spot": "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance"
    " count exceeded.",
}


class FleetEndpoints:
    """The HTTP endpoints of one fleet agent."""

    def __init__(self, agent: FleetAgent) -> None:
        self._agent = agent

    def add_to(self, router: Any) -> None:
        """Add all endpoints to the gateway's router."""
        task = f"{TASKS_PATH}/<task_id>"
        router.add(FLEET_PATH, self._state, methods=["GET"])
        router.add(f"{FLEET_PATH}/history", self._history, methods=["GET"])
        router.add(f"{FLEET_PATH}/<change>", self._change, methods=["POST"])
        router.add(f"{task}/v4/<name>", self._container_metadata, methods=["GET"])
        router.add(f"{task}/v4/<name>/task", self._task_metadata, methods=["GET"])
        router.add(f"{task}/credentials", self._credentials, methods=["GET"])
        router.add(f"{task}/task-protection/v1/state", self._protection, methods=["GET", "PUT"])

    def _state(self, request: Request) -> Response:
        with self._agent.region(*_account_and_region(request)) as region:
            return _json(_state(region) | {"experiments": self._agent.experiment_changes})

    def _history(self, request: Request) -> Response:
        after = request.args.get("after", "0")
        if not after.isdecimal():
            return _json({"error": f"after is {after!r}: the number of an entry is needed"}, 400)
        with self._agent.lock:
            region = self._agent.get(*_account_and_region(request))
            return _json({"entries": region.journal.after(int(after))})

    def _change(self, request: Request, change: str) -> Response:
        """Make a change; the response is the state after it."""
        owner = _account_and_region(request)
        try:
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body, dict):
                raise RequestRefusedError("the body has to be a JSON object")
            if change == "settings":
                self._agent.change_settings(*owner, body)
            elif change not in _CHANGES:
                known = ", ".join((*_CHANGES, "settings"))
                raise RequestRefusedError(f"{change!r} is unknown; there are: {known}")
            with self._agent.region(*owner) as region:
                if change in _CHANGES:
                    _CHANGES[change](region, body)
                return _json(_state(region))
        except (RequestRefusedError, InvalidSettingsError, ValueError) as error:
            return _json({"error": str(error)}, 400)

    def _container_metadata(self, _request: Request, task_id: str, name: str) -> Response:
        with self._agent.lock:
            region = self._region_of(task_id)
            if region is None:
                return _json({"error": "no such task"}, 404)
            task = region.writer.tasks[task_id]
            container = next((one for one in task.containers if one.name == name), None)
            if container is None:
                return _json({"error": "no such container"}, 404)
            definition = region.ecs.describe_task_definition(task.task_definition_arn)
            return _json(metadata.container_metadata(task, definition, container))

    def _task_metadata(self, _request: Request, task_id: str, name: str) -> Response:  # noqa: ARG002
        with self._agent.lock:
            region = self._region_of(task_id)
            if region is None:
                return _json({"error": "no such task"}, 404)
            task = region.writer.tasks[task_id]
            definition = region.ecs.describe_task_definition(task.task_definition_arn)
            return _json(metadata.task_metadata(task, definition, f"{region.name}a"))

    def _credentials(self, _request: Request, task_id: str) -> Response:
        """https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html"""
        session = self._session_of(task_id)
        if session is None:
            return _json({"error": "no such task, or it has no role"}, 404)
        return iam_endpoints.credentials(session)

    def _session_of(self, task_id: str) -> "RoleSession | None":
        with self._agent.lock:
            region = self._region_of(task_id)
            return region.launcher.session(task_id) if region else None

    def _protection(self, request: Request, task_id: str) -> Response:
        change: tuple[bool, int] | None = None
        if request.method == "PUT":
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body.get("ProtectionEnabled"), bool):
                return _json({"error": {"Code": "InvalidParameterException"}}, 400)
            minutes = int(body.get("ExpiresInMinutes") or DEFAULT_PROTECTION_MINUTES)
            change = body["ProtectionEnabled"], minutes
        try:
            self._authorize(
                task_id, "GetTaskProtection" if change is None else "UpdateTaskProtection"
            )
        except AccessDeniedError as error:
            failure = {"Arn": task_id, "Code": "AccessDeniedException", "Message": str(error)}
            return _json({"error": failure}, 400)
        with self._agent.lock:
            region = self._region_of(task_id)
            found = region.protection(task_id, change) if region else None
        if found is None:
            return _json({"failure": {"Arn": task_id, "Reason": "MISSING"}}, 404)
        self._agent.wake()
        return _json({"protection": {name[0].upper() + name[1:]: v for name, v in found.items()}})

    def _authorize(self, task_id: str, operation: str) -> None:
        """The agent calls ECS with the role of the task.

        Raises:
            AccessDeniedError: the role has no right to it.
        """
        session = self._session_of(task_id)
        if session is not None:
            task = session.source_arn
            given = {"cluster": task.split("/")[1], "tasks": [task]}
            session.authorize(f"ecs.{operation}", given)

    def _region_of(self, task_id: str) -> "Region | None":
        regions = self._agent.regions.values()
        return next((region for region in regions if task_id in region.writer.tasks), None)


def _json(value: Any, status: int = 200) -> Response:
    def text(value: object) -> str:
        return value.isoformat() if isinstance(value, datetime) else str(value)

    return Response(json.dumps(value, default=text), status, mimetype="application/json")


def _account_and_region(request: Request) -> tuple[str, str]:
    account = request.args.get("account", DEFAULT_AWS_ACCOUNT_ID)
    return account, request.args.get("region", DEFAULT_REGION)


def _state(region: "Region") -> dict[str, Any]:
    state, settings, now = region.simulation.state, region.settings, region.now
    ids = region.writer.instance_ids
    groups = {name: vars(delays) for name, delays in settings.groups.items()}
    return {
        "now": now,
        "settings": vars(settings) | {"delays": vars(settings.delays), "groups": groups},
        "desired": {
            "services": {key: s.desired for key, s in region.snapshot.services.items()},
            "groups": {name: group.desired for name, group in region.snapshot.groups.items()},
        },
        "denied": state.denied,
        "faults": sorted(state.faults),
        "crashing": {name: rule.after for name, rule in state.crash_rules.items()},
        "instances": [
            {
                "instance": ids.get(instance.key),
                **{name: value for name, value in vars(instance).items() if name != "resources"},
            }
            for instance in state.instances.values()
        ],
        "tasks": [
            {
                "task": task.id,
                "service": task.service,
                "status": task.status,
                "instance": ids.get(task.instance or 0),
                "protected": task.protected(now),
                "reason": task.reason,
                "exit_code": task.exit_code,
                "health": task.health,
                "pid": region.launcher.pid(task.id, task.containers[0].name),
                "containers": [
                    {
                        "name": one.name,
                        "status": one.status,
                        "exit_code": one.exit_code,
                        "health": one.health,
                        "pid": region.launcher.pid(task.id, one.name),
                    }
                    for one in task.containers
                ],
            }
            for task in state.tasks.values()
        ],
    }


def _interrupt(region: "Region", body: Mapping[str, Any]) -> None:
    instances = region.simulation.state.instances.values()
    key = next((i.key for i in instances if i.active and i.rebalanced is None), None)
    if instance_id := body.get("instance"):
        key = region.instance_key(instance_id)
    if key is None or not region.simulation.interrupt(key, region.now):
        raise RequestRefusedError("there is no such active instance without an interruption")


def _deny_capacity(region: "Region", body: Mapping[str, Any]) -> None:
    reason = str(body.get("reason", "capacity"))
    region.simulation.deny_launches(body.get("group", "*"), DENIAL_REASONS.get(reason, reason))


def _allow_capacity(region: "Region", body: Mapping[str, Any]) -> None:
    denied = region.simulation.state.denied
    for group in [body["group"]] if "group" in body else list(denied):
        region.simulation.deny_launches(group, None)


def _crash_task(region: "Region", body: Mapping[str, Any]) -> None:
    if "task" in body:
        task = region.simulation.state.tasks.get(body["task"])
        names = [one.name for one in task.containers] if task else []
        sent = [region.launcher.send(body["task"], name, SIGKILL) for name in names]
        if not any(sent):
            raise RequestRefusedError(f"the task {body['task']!r} has no process")
    elif "service" in body:
        rule = None if body.get("stop") else CrashRule(body.get("after_seconds"))
        region.simulation.set_crash_rule(body["service"], rule)
    else:
        raise RequestRefusedError("name a task or a service")


def _fault(region: "Region", body: Mapping[str, Any]) -> None:
    if body.get("fault") not in list(Fault) or not isinstance(body.get("on"), bool):
        raise RequestRefusedError(f"name one of {', '.join(Fault)}, and whether it is on")
    region.simulation.set_fault(Fault(body["fault"]), on=body["on"])


_CHANGES: dict[str, Callable[["Region", Mapping[str, Any]], None]] = {
    "interrupt": _interrupt,
    "deny-capacity": _deny_capacity,
    "allow-capacity": _allow_capacity,
    "crash-task": _crash_task,
    "fault": _fault,
}
