"""The emulator's mapping of operations to rights agrees with AWS's table of actions.

The table is the Service Authorization Reference in the form that parliament ships.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ecs_fleet_emulator.iam.operations import OPERATIONS, required
from ecs_fleet_emulator.iam.operations.scope import Scope
from ecs_fleet_emulator.iam.request import AuthorizationRequest
from infra.policy.tools import Tools
from tests.infra.terraform_module import LAYOUT

ACCOUNT = "111122223333"
TABLE = {"TableName": "jobs"}
MACHINE = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:wake"
EXECUTION = f"arn:aws:states:eu-west-1:{ACCOUNT}:execution:wake:one"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:token-a1b2c3"
PARAMETERS: dict[str, Any] = {
    "sqs": {"QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs", "QueueName": "jobs"},
    "sns": {"TopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"},
    "dynamodb": {
        **TABLE,
        "RequestItems": {"jobs": {}},
        "TransactItems": [{kind: TABLE} for kind in ("Put", "Update", "Delete", "ConditionCheck")],
    },
    "dynamodb.TransactGetItems": {"TransactItems": [{"Get": TABLE}]},
    "lambda": {"FunctionName": "backlog"},
    "stepfunctions": {"stateMachineArn": MACHINE, "executionArn": EXECUTION},
    "ecs": {
        "cluster": "bot",
        "capacityProviders": ["gpu"],
        "containerInstance": "i",
        "containerInstances": ["i"],
        "services": ["worker"],
        "service": "worker",
        "taskDefinition": "worker",
        "tasks": ["t"],
        "task": "t",
    },
    "ecr": {"repositoryName": "worker", "repositoryNames": ["worker"]},
    "autoscaling": {"AutoScalingGroupName": "gpu", "InstanceId": "i-1"},
    "cloudwatch": {"Namespace": "bot"},
    "logs": {"logGroupName": "/ecs/worker", "logStreamName": "one"},
    "ssm": {"Name": "/bot/token", "Names": ["/bot/token"]},
    "secretsmanager": {"SecretId": SECRET},
    "sts": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/task"},
    "xray": {},
}
# Operations that need no right.
WITHOUT_RIGHT = {"sts.GetCallerIdentity"}
# AWS denies it on the group's streams ("log-group:NAME:log-stream:"), the table names the group.
ON_STREAMS = {"logs:CreateLogGroup"}


@dataclass(frozen=True)
class Table:
    """AWS's table of actions, by their service's prefix."""

    services: dict[str, Any]

    def resources(self, action: str) -> list[str]:
        """The forms of the ARNs that an action can be allowed on; "*" if it has no resource."""
        service = self._service(action)
        forms = {one["resource"]: one["arn"] for one in service["resources"]}
        kinds = [one["resource_type"].rstrip("*") for one in self._action(action)["resource_types"]]
        return [forms[kind] for kind in kinds if kind] or ["*"]

    def keys(self, action: str) -> set[str]:
        """The condition keys of an action, in lower case."""
        kinds = self._action(action)["resource_types"]
        return {key.lower() for kind in kinds for key in kind["condition_keys"]}

    def _service(self, action: str) -> Any:
        return self.services[action.partition(":")[0]]

    def _action(self, action: str) -> Any:
        name = action.partition(":")[2]
        return next(one for one in self._service(action)["privileges"] if one["privilege"] == name)


@pytest.fixture(scope="module")
def table() -> Table:
    """AWS's table, from the tools' environment."""
    [path] = Tools.ready(LAYOUT).folder.parent.glob(
        "lib/python*/site-packages/parliament/iam_definition.json"
    )
    return Table({one["prefix"]: one for one in json.loads(path.read_text())})


def mapped() -> Iterator[AuthorizationRequest]:
    """What every mapped operation has to be allowed, with and without an index."""
    scope = Scope(ACCOUNT, "eu-west-1")
    for operation in OPERATIONS:
        service, _, name = operation.partition(".")
        given = PARAMETERS.get(operation, PARAMETERS[service])
        requests = list(required(service, name, given, scope))
        assert requests or operation in WITHOUT_RIGHT
        yield from requests
    yield from required("dynamodb", "Query", {**TABLE, "IndexName": "waiting"}, scope)


REQUESTS = list(dict.fromkeys((one.action, one.resource, tuple(one.values)) for one in mapped()))


@pytest.mark.parametrize(
    ("action", "resource", "keys"), REQUESTS, ids=[f"{one[0]}-{one[1]}" for one in REQUESTS]
)
def test_a_mapping_names_an_action_a_resource_and_keys_of_awss_table(
    table: Table, action: str, resource: str, keys: tuple[str, ...]
) -> None:
    forms = table.resources(action)
    if action not in ON_STREAMS:
        assert any(is_of_form(resource, form) for form in forms), forms
    assert set(keys) <= table.keys(action)


def is_of_form(resource: str, form: str) -> bool:
    """Whether an ARN has a form with placeholders such as ${QueueName}."""
    parts = re.split(r"\$\{\w+\}", form)
    return re.fullmatch(".+".join(map(re.escape, parts)), resource) is not None


# The deploy step asks about resources of others, too: roles of AWS's services and of API Gateway,
# the console of an instance, whose id is not known before.
LOOKED_AT_EVERYWHERE = {
    "cloudwatch:DescribeAlarms",
    "ec2:GetConsoleOutput",
    "iam:GetRole",
    "servicequotas:GetServiceQuota",
}


def test_the_deploy_step_has_no_right_everywhere_that_could_name_its_resources(
    table: Table,
) -> None:
    content = json.loads((LAYOUT.infra / "deploy" / "policy.json").read_text())
    everywhere = [
        action
        for statement in content["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
        if not action.startswith("apigateway:")  # its actions are the methods of HTTP
    ]
    nameable = {action for action in everywhere if table.resources(action) != ["*"]}
    assert nameable == LOOKED_AT_EVERYWHERE
