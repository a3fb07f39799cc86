"""AWS Fault Injection Service: templates and experiments, in the form of its API.

An experiment acts with the rights of the account: those of its role are not looked at.
https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html
"""

import random
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.timers import Timers
from ecs_fleet_emulator.errors import ExperimentError, UnknownCredentialsError
from ecs_fleet_emulator.experiments import api_faults, templates
from ecs_fleet_emulator.experiments.actions import Actions
from ecs_fleet_emulator.experiments.api_faults import ApiFaults, Call
from ecs_fleet_emulator.experiments.experiment import Experiment
from ecs_fleet_emulator.experiments.known_actions import (
    ACTIONS,
    RESOURCE_TYPES,
    ROLE,
    TARGET_PARAMETERS,
    Action,
)
from ecs_fleet_emulator.experiments.store import Store
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.iam import account

_LETTERS = string.ascii_letters + string.digits
_ID_LENGTH = 16
_GIVEN = ("description", "targets", "actions", "stopConditions", "roleArn", "experimentOptions")
_REFUSED = ("logConfiguration", "experimentReportConfiguration")

Owner = tuple[str, str]


class FaultInjection:
    """The operations of FIS."""

    def __init__(self, agent: FleetAgent) -> None:
        self._agent = agent
        self._stores: dict[Owner, Store] = {}
        self._timers = Timers("experiments")
        self._api_faults = ApiFaults(_install)
        ADVANCER.sources["experiments"] = self._timers

    def operations(self) -> dict[str, Callable[[RequestContext, Any], Any]]:
        """All operations that are emulated, by their names; errors have AWS's form."""
        found: dict[str, Callable[[RequestContext, Any], Any]] = {
            "CreateExperimentTemplate": self.create_template,
            "GetExperimentTemplate": self.get_template,
            "UpdateExperimentTemplate": self.update_template,
            "DeleteExperimentTemplate": self.delete_template,
            "ListExperimentTemplates": self.list_templates,
            "StartExperiment": self.start,
            "GetExperiment": self.get,
            "StopExperiment": self.stop,
            "ListExperiments": self.list,
            "ListExperimentResolvedTargets": self.list_resolved,
            "GetAction": self.get_action,
            "ListActions": self.list_actions,
            "GetTargetResourceType": self.get_resource_type,
            "ListTargetResourceTypes": self.list_resource_types,
            "ListTagsForResource": self.list_tags,
            "TagResource": self.tag,
            "UntagResource": self.untag,
        }
        return {name: partial(_called, handler) for name, handler in found.items()}

    def create_template(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Check a template and keep it; once for each client token."""
        templates.check(request)
        _check_services(request)
        made, template_id = datetime.now(UTC), _new_id("EXT")
        template = _kept(request) | {
            "id": template_id,
            "arn": _arn(context, f"experiment-template/{template_id}"),
            "tags": dict(request.get("tags") or {}),
            "creationTime": made,
            "lastUpdateTime": made,
        }
        template = self._store(context).add_template(request["clientToken"], template)
        return {"experimentTemplate": template}

    def get_template(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """A template."""
        return {"experimentTemplate": self._template(context, request["id"])}

    def update_template(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Change parts of a template, each as a whole."""
        template = self._template(context, request["id"])
        changed = template | _kept(request)
        templates.check({**changed, **{name: request.get(name) for name in _REFUSED}})
        _check_services(changed)
        template |= changed | {"lastUpdateTime": datetime.now(UTC)}
        return {"experimentTemplate": template}

    def delete_template(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Forget a template; its experiments go on."""
        template = self._template(context, request["id"])
        del self._store(context).templates[template["id"]]
        return {"experimentTemplate": template}

    def list_templates(self, context: RequestContext, _request: Any) -> dict[str, Any]:
        """All templates."""
        return {"experimentTemplates": list(self._store(context).templates.values())}

    def start(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Start an experiment; once for each client token."""
        token = request["clientToken"]

        def make() -> Experiment:
            return Experiment(
                _new_id("EXP"),
                dict(self._template(context, request["experimentTemplateId"])),
                Actions(self._agent, (context.account_id, context.region), self._api_faults, token),
                self._timers,
                tags=dict(request.get("tags") or {}),
                skips_all=(request.get("experimentOptions") or {}).get("actionsMode") == "skip-all",
            )

        experiment, is_new = self._store(context).add_experiment(token, make)
        if is_new:
            experiment.start()
        return {"experiment": _described(context, experiment)}

    def get(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """An experiment."""
        return {"experiment": _described(context, self._experiment(context, request["id"]))}

    def stop(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """End an experiment, and undo what it does."""
        experiment = self._experiment(context, request["id"])
        experiment.stop("Experiment halted by user.")
        return {"experiment": _described(context, experiment)}

    def list(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """All experiments, the newest first; perhaps of one template only."""
        template = request.get("experimentTemplateId")
        found = [
            _described(context, one)
            for one in reversed(list(self._store(context).experiments.values()))
            if template in (None, one.template["id"])
        ]
        return {"experiments": found}

    def list_resolved(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """The resources that the targets of an experiment stood for at its start."""
        experiment = self._experiment(context, request["id"])
        return {
            "resolvedTargets": [
                {
                    "resourceType": experiment.template["targets"][name]["resourceType"],
                    "targetName": name,
                    "targetInformation": {"arn": arn},
                }
                for name, arns in experiment.resolved.items()
                if request.get("targetName") in (None, name)
                for arn in arns
            ]
        }

    def get_action(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """An action."""
        action = ACTIONS.get(request["id"])
        if action is None:
            raise _not_found(f"The action {request['id']} does not exist.")
        return {"action": _described_action(context, action)}

    def list_actions(self, context: RequestContext, _request: Any) -> dict[str, Any]:
        """All actions."""
        return {"actions": [_described_action(context, action) for action in ACTIONS.values()]}

    def get_resource_type(self, _context: RequestContext, request: Any) -> dict[str, Any]:
        """A type of resources that targets can have."""
        name = request["resourceType"]
        if name not in RESOURCE_TYPES:
            raise _not_found(f"The resource type {name} does not exist.")
        return {"targetResourceType": _resource_type(name)}

    def list_resource_types(self, _context: RequestContext, _request: Any) -> dict[str, Any]:
        """All types of resources that targets can have."""
        return {"targetResourceTypes": [_resource_type(name) for name in RESOURCE_TYPES]}

    def list_tags(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """The tags of a template or an experiment."""
        return {"tags": dict(self._tags(context, request["resourceArn"]))}

    def tag(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Add tags to a template or an experiment."""
        self._tags(context, request["resourceArn"]).update(request["tags"])
        return {}

    def untag(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """Remove tags, or all tags if none is named."""
        tags = self._tags(context, request["resourceArn"])
        for key in request.get("tagKeys") or list(tags):
            tags.pop(key, None)
        return {}

    def _store(self, context: RequestContext) -> Store:
        return self._stores.setdefault((context.account_id, context.region), Store())

    def _template(self, context: RequestContext, template_id: str) -> dict[str, Any]:
        found = self._store(context).templates.get(template_id)
        if found is None:
            raise _not_found(f"Experiment template {template_id} does not exist.")
        return found

    def _experiment(self, context: RequestContext, experiment_id: str) -> Experiment:
        found = self._store(context).experiments.get(experiment_id)
        if found is None:
            raise _not_found(f"Experiment {experiment_id} does not exist.")
        return found

    def _tags(self, context: RequestContext, arn: str) -> dict[str, str]:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "experiment":
            return self._experiment(context, name).tags
        tags: dict[str, str] = self._template(context, name)["tags"]
        return tags


def _called(
    handler: Callable[[RequestContext, Any], Any], context: RequestContext, request: Any
) -> Any:
    try:
        return handler(context, request)
    except ExperimentError as error:
        raise CommonServiceException("ValidationException", str(error), 400, True) from error


def _not_found(text: str) -> CommonServiceException:
    return CommonServiceException("ResourceNotFoundException", text, 404, True)


def _kept(request: Any) -> dict[str, Any]:
    return {name: request[name] for name in _GIVEN if request.get(name) is not None}


def _check_services(template: Mapping[str, Any]) -> None:
    """Check the services and operations whose requests are to fail.

    Raises:
        ExperimentError: there is no such service, or no such operation.
    """
    for name, action in template["actions"].items():
        if ROLE not in ACTIONS[action["actionId"]].targets.values():
            continue
        service = action["parameters"]["service"]
        try:
            known = load_service(service).operation_names
        except Exception as error:
            raise ExperimentError(f"the action {name} names no service: {service!r}") from error
        for operation in action["parameters"]["operations"].split(","):
            if operation.strip() not in known:
                raise ExperimentError(f"the action {name}: {service} has no {operation.strip()!r}")


def _new_id(prefix: str) -> str:
    return prefix + "".join(random.choices(_LETTERS, k=_ID_LENGTH))  # noqa: S311  # not a secret


def _arn(context: RequestContext, resource: str) -> str:
    return f"arn:aws:fis:{context.region}:{context.account_id}:{resource}"


def _described(context: RequestContext, experiment: Experiment) -> dict[str, Any]:
    template = experiment.template
    actions = {
        name: {
            **one.definition,
            "state": {"status": str(one.state), "reason": one.report},
            "startTime": one.started,
            "endTime": one.ended,
        }
        for name, one in experiment.actions.items()
    }
    targets = {
        name: {**one, "resourceArns": experiment.resolved.get(name, [])}
        for name, one in (template.get("targets") or {}).items()
    }
    return {
        "id": experiment.id,
        "arn": _arn(context, f"experiment/{experiment.id}"),
        "experimentTemplateId": template["id"],
        "roleArn": template["roleArn"],
        "state": {"status": str(experiment.state), "reason": experiment.reason},
        "targets": targets,
        "actions": {name: _present(one) for name, one in actions.items()},
        "stopConditions": template["stopConditions"],
        "creationTime": experiment.created,
        "tags": experiment.tags,
    } | _present({"startTime": experiment.started, "endTime": experiment.ended})


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _described_action(context: RequestContext, action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "arn": _arn(context, f"action/{action.id}"),
        "description": action.description,
        "targets": {name: {"resourceType": kind} for name, kind in action.targets.items()},
        "parameters": {
            name: {"description": one.description, "required": one.required}
            for name, one in action.parameters.items()
        },
    }


def _resource_type(name: str) -> dict[str, Any]:
    parameters = {
        parameter: {"description": text, "required": False}
        for parameter, text in TARGET_PARAMETERS.get(name, {}).items()
    }
    return {
        "resourceType": name,
        "description": RESOURCE_TYPES[name],
        "parameters": parameters,
    }


def _install(faults: ApiFaults) -> Callable[[], None]:
    """Put the handler of requests into the gateway's chain; the result takes it out again."""
    from localstack.aws.handlers import serve_custom_service_request_handlers as custom

    def strike(chain: HandlerChain, context: RequestContext, _response: Response) -> None:
        if not context.service or not context.operation:
            return
        try:
            role = account.caller(context).role_arn
        except UnknownCredentialsError:
            return
        environ = context.request.environ
        call = Call(role, context.service.service_name, context.operation.name)
        failure = faults.strike(call, environ)
        if failure is not None:
            raise CommonServiceException(failure.code, failure.text, failure.status)
        if environ.get(api_faults.LOST) and context.is_internal_call:
            # A service of the emulator calls another one for the role: there is no connection.
            raise CommonServiceException("InternalFailure", "The connection was lost.", 500)
        if api_faults.is_lost_before(environ):
            chain.terminate()

    def remove() -> None:
        custom.handlers = [one for one in custom.handlers if one is not strike]

    # A list of its own: requests that are under way go on through the one that they have.
    custom.handlers = [strike, *custom.handlers]
    return remove


def service(agent: FleetAgent) -> Service:
    """FIS, which no part of LocalStack or moto has."""
    handlers = FaultInjection(agent).operations()
    return Service("fis", skeleton=Skeleton(load_service("fis"), handlers))
