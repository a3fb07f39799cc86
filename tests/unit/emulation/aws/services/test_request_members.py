"""Every member of every request of ECS and Auto Scaling is acted out, shown, or refused by name."""

import functools
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel, Shape

from ecs_fleet_emulator.services.autoscaling_members import AUTOSCALING
from ecs_fleet_emulator.services.ecs_members import ECS
from ecs_fleet_emulator.services.request_members import Table, paths, refused

TABLES = {"ecs": ECS, "autoscaling": AUTOSCALING}


@functools.cache
def model_of(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def operations(service: str) -> Iterator[OperationModel]:
    model = model_of(service)
    for name in model.operation_names:
        yield model.operation_model(name)


def operation(service: str, name: str) -> OperationModel:
    return model_of(service).operation_model(name)


def sample(shape: Shape) -> Any:
    """A value of a shape that asks for something."""
    match shape.type_name:
        case "list":
            return [sample(shape.member)]
        case "map":
            return {"key": sample(shape.value)}
        case "structure":
            return {name: sample(member) for name, member in shape.members.items()} or {"any": 1}
        case "string":
            return (shape.enum or ["text"])[-1]
        case "boolean":
            return True
    return 1


def at(operation: OperationModel, path: str) -> dict[str, Any]:
    """A request of nothing but the member at a path."""
    shape, names = operation.input_shape, path.split(".")
    steps = []
    for name in names:
        while shape.type_name == "list":
            shape = shape.member
            steps.append(None)
        steps.append(name)
        shape = shape.members[name]
    value = sample(shape)
    for step in reversed(steps):
        value = [value] if step is None else {step: value}
    found: dict[str, Any] = value
    return found


@pytest.mark.parametrize("service", TABLES)
def test_every_member_of_every_request_is_acted_out_shown_or_refused_by_name(service: str) -> None:
    kinds: dict[str, int] = {}
    for one in operations(service):
        if one.input_shape is None or one.input_shape.name not in TABLES[service]:
            assert refused(TABLES[service], one, {}) == one.name
            continue
        for path, kind in paths(TABLES[service], one).items():
            kinds[kind] = kinds.get(kind, 0) + 1
            found = refused(TABLES[service], one, at(one, path))
            if kind == "refused":
                assert found == f"{path} of {one.name}"
            elif kind == "shown":
                assert found is None or found.startswith(f"{path} ")
    assert kinds.keys() == {"acted out", "shown", "refused"}
    assert sum(kinds.values()) > 100


@pytest.mark.parametrize("service", TABLES)
def test_the_tables_name_nothing_that_aws_does_not_have(service: str) -> None:
    model = model_of(service)
    for name, members in TABLES[service].items():
        known = set(model.shape_for(name).members)
        named = {*members.acted.split(), *members.shown.split()}
        assert named <= known, name
        assert members.only.keys() <= named, name
        assert not set(members.acted.split()) & set(members.shown.split()), name


@pytest.mark.parametrize(
    ("name", "request_", "what"),
    [
        ("CreateService", {"loadBalancers": [{"containerPort": 80}]}, "loadBalancers"),
        ("CreateService", {"loadBalancers": [], "serviceRegistries": []}, None),
        ("CreateService", {"launchType": "FARGATE"}, "launchType FARGATE"),
        ("CreateService", {"launchType": "EC2"}, None),
        (
            "CreateService",
            {"deploymentController": {"type": "EXTERNAL"}},
            "deploymentController.type EXTERNAL",
        ),
        (
            "CreateService",
            {"deploymentConfiguration": {"alarms": {"alarmNames": ["a"], "enable": True}}},
            "deploymentConfiguration.alarms.enable",
        ),
        ("CreateService", {"deploymentConfiguration": {"alarms": {"enable": False}}}, None),
        (
            "RegisterTaskDefinition",
            {"containerDefinitions": [{"name": "a"}, {"restartPolicy": {"enabled": True}}]},
            "containerDefinitions.restartPolicy",
        ),
        ("ListTasks", {"launchType": "EC2"}, "launchType"),
        ("DescribeServices", {"include": ["TAGS"]}, None),
        ("CreateTaskSet", {}, "CreateTaskSet"),
        ("StartTask", {"cluster": "c"}, "StartTask"),
    ],
)
def test_what_is_not_acted_out_is_refused_by_its_path(
    name: str, request_: dict[str, Any], what: str | None
) -> None:
    found = refused(ECS, operation("ecs", name), request_)
    assert found in (what, f"{what} of {name}")


def test_a_member_that_aws_adds_is_refused_until_a_table_names_it() -> None:
    table: Table = {key: value for key, value in ECS.items() if key != "PlacementStrategy"}
    given = {"placementStrategy": [{"type": "random"}]}
    assert refused(ECS, operation("ecs", "RunTask"), given) is None
    found = refused(table, operation("ecs", "RunTask"), given)
    assert found == "placementStrategy.type of RunTask"
