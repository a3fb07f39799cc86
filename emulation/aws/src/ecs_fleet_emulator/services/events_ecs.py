"""Rules of EventBridge whose targets are ECS tasks.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from localstack.services.events.models import ValidationException
from localstack.services.events.target import ECSTargetSender, TargetSenderFactory

LOG = logging.getLogger(__name__)

# What RunTask is given as the target's EcsParameters have it.
_SAME = {
    "LaunchType": "launchType",
    "NetworkConfiguration": "networkConfiguration",
    "PlatformVersion": "platformVersion",
    "Group": "group",
    "CapacityProviderStrategy": "capacityProviderStrategy",
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "PlacementConstraints": "placementConstraints",
    "PlacementStrategy": "placementStrategy",
    "PropagateTags": "propagateTags",
    "ReferenceId": "referenceId",
}
_AWSVPC = {
    "Subnets": "subnets",
    "SecurityGroups": "securityGroups",
    "AssignPublicIp": "assignPublicIp",
}
_CHANGES_INPUT = ("Input", "InputPath", "InputTransformer")


class TaskSender(ECSTargetSender):  # type: ignore[misc]  # untyped base
    """Runs the tasks of a rule's target, with the rights of the target's role."""

    def _validate_input(self, target: Any) -> None:
        super()._validate_input(target)
        if not target.get("RoleArn"):
            raise ValidationException(f"RoleArn is required for target {target['Id']}.")
        if not (target.get("EcsParameters") or {}).get("TaskDefinitionArn"):
            raise ValidationException(f"EcsParameters are required for target {target['Id']}.")

    def send_event(self, event: Any, trace_header: Any) -> None:  # noqa: ARG002  # the base's names
        """Run the tasks. Overrides are the target's input, if it has one."""
        request = run_request(self.target, self.rule_name, event)
        answer = self.client.run_task(**request)
        if answer["failures"]:
            LOG.warning("the rule %s: not all tasks run: %s", self.rule_name, answer["failures"])


def register() -> None:
    """Let LocalStack's EventBridge run tasks."""
    TargetSenderFactory.register_target_sender("ecs", TaskSender)


def run_request(target: Mapping[str, Any], rule: str, event: Any) -> dict[str, Any]:
    """RunTask's parameters for a target of a rule, and the input that is sent to it.

    The event itself does not reach the task: only an input of the target's own does, which is a
    TaskOverride.
    """
    given = target["EcsParameters"]
    request: dict[str, Any] = {
        "cluster": target["Arn"],
        "taskDefinition": given["TaskDefinitionArn"],
        "count": given.get("TaskCount") or 1,
        "startedBy": f"events-rule/{rule}"[:128],
    }
    for name, member in _SAME.items():
        if given.get(name) is not None:
            request[member] = given[name]
    if network := (given.get("NetworkConfiguration") or {}).get("awsvpcConfiguration"):
        configuration = {_AWSVPC[name]: value for name, value in network.items()}
        request["networkConfiguration"] = {"awsvpcConfiguration": configuration}
    if given.get("Tags"):
        request["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in given["Tags"]]
    if any(target.get(name) for name in _CHANGES_INPUT):
        overrides = json.loads(event) if isinstance(event, str) else event
        request["overrides"] = overrides
    return request
