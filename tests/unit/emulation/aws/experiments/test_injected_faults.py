"""The calls and invocations that a fault strikes, and how."""

import random
from collections import Counter
from typing import Any

import pytest

from ecs_fleet_emulator.experiments import known_actions
from ecs_fleet_emulator.experiments.api_faults import (
    LOST,
    ApiFault,
    ApiFaults,
    Call,
    is_lost_before,
)
from ecs_fleet_emulator.experiments.invocation_faults import InvocationFault, InvocationFaults
from ecs_fleet_emulator.experiments.targets import Targets, values_at

ROLE = "arn:aws:iam::000000000000:role/bot-worker"
SEND = Call(ROLE, "sqs", "SendMessage")
CALLS = 1000


def api_fault(kind: str, seed: str = "", **given: str) -> ApiFault:
    parameters = {
        "service": "sqs",
        "operations": "SendMessage, ReceiveMessage",
        "percentage": "100",
        **given,
    }
    return ApiFault.of(kind, [ROLE], parameters, seed)


@pytest.mark.parametrize(
    "call",
    [
        Call("arn:aws:iam::000000000000:role/other", "sqs", "SendMessage"),
        Call(ROLE, "dynamodb", "SendMessage"),
        Call(ROLE, "sqs", "DeleteMessage"),
        Call("", "sqs", "SendMessage"),
    ],
)
def test_only_the_named_calls_of_the_roles_are_struck(call: Call) -> None:
    fault = api_fault(known_actions.THROTTLE_ERROR)
    assert not fault.strikes(call)
    assert fault.strikes(SEND)
    assert fault.strikes(Call(ROLE, "sqs", "ReceiveMessage"))
    assert fault.hits == {"SendMessage": 1, "ReceiveMessage": 1}


def test_a_percentage_of_the_calls_is_struck_the_same_for_the_same_seed() -> None:
    def struck(seed: str) -> list[bool]:
        fault = api_fault(known_actions.THROTTLE_ERROR, seed, percentage="30")
        return [fault.strikes(SEND) for _ in range(CALLS)]

    assert struck("a") == struck("a") != struck("b")
    assert sum(struck("a")) == pytest.approx(0.3 * CALLS, rel=0.2)


@pytest.mark.parametrize(
    ("kind", "service", "code", "status"),
    [
        (known_actions.THROTTLE_ERROR, "dynamodb", "ThrottlingException", 400),
        (known_actions.THROTTLE_ERROR, "ec2", "RequestLimitExceeded", 503),
        (known_actions.INTERNAL_ERROR, "dynamodb", "InternalServerError", 500),
        (known_actions.INTERNAL_ERROR, "sqs", "InternalFailure", 500),
        (known_actions.UNAVAILABLE_ERROR, "sqs", "ServiceUnavailable", 503),
    ],
)
def test_an_error_is_that_of_the_service(kind: str, service: str, code: str, status: int) -> None:
    failure = api_fault(kind, service=service).failure()
    assert failure is not None
    assert (failure.code, failure.status) == (code, status)


class Gateway:
    """Counts how often the handler is in its chain."""

    def __init__(self) -> None:
        self.handlers: Counter[str] = Counter()
        self.faults = ApiFaults(self._install)

    def _install(self, _faults: ApiFaults) -> Any:
        self.handlers["in"] += 1
        return lambda: self.handlers.subtract(["in"])


def test_the_gateway_has_a_handler_only_while_there_is_a_fault() -> None:
    gateway = Gateway()
    one, other = api_fault(known_actions.THROTTLE_ERROR), api_fault(known_actions.INTERNAL_ERROR)
    for fault in (one, other):
        gateway.faults.add(fault)
        assert gateway.handlers["in"] == 1
    gateway.faults.remove(one)
    assert gateway.handlers["in"] == 1
    gateway.faults.remove(other)
    assert gateway.handlers["in"] == 0
    gateway.faults.add(one)
    assert gateway.handlers["in"] == 1


def test_requests_get_lost_before_or_after_they_act() -> None:
    for kind, is_before in (
        (known_actions.LOST_REQUEST, True),
        (known_actions.LOST_RESPONSE, False),
    ):
        faults, environ = Gateway().faults, dict[str, Any]()
        faults.add(api_fault(kind))
        assert faults.strike(SEND, environ) is None
        assert (environ[LOST], is_lost_before(environ)) == (kind, is_before)


def test_a_late_request_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()
    monkeypatch.setattr("ecs_fleet_emulator.experiments.api_faults.time.sleep", waits.append)
    faults, environ = Gateway().faults, dict[str, Any]()
    faults.add(api_fault(known_actions.API_DELAY, delayMilliseconds="1500"))
    assert faults.strike(SEND, environ) is None
    assert (waits, environ) == ([1.5], {})


def test_an_invocation_is_struck_by_its_functions_arn() -> None:
    faults = InvocationFaults()
    given = {"invocationPercentage": "100", "startupDelayMilliseconds": "250"}
    late = InvocationFault.of(known_actions.ADD_DELAY, ["one"], given, "")
    fails = InvocationFault.of(
        known_actions.INVOCATION_ERROR, ["one"], {"preventExecution": "true"}, ""
    )
    for fault in (late, fails):
        faults.add(fault)
    assert faults.striking("other") == []
    assert faults.striking("one") == [late, fails]
    assert (late.delay_seconds, late.fails) == (0.25, False)
    assert (fails.delay_seconds, fails.fails, fails.is_run) == (0.0, True, False)
    faults.remove(late)
    assert faults.striking("one") == [fails]


class Ec2:
    """Three instances: two of Spot, one of them in another zone, and one that has ended."""

    def get_paginator(self, _name: str) -> "Ec2":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        def instance(name: str, zone: str, state: str = "running", **more: Any) -> dict[str, Any]:
            tags = [{"Key": "fleet", "Value": name}]
            about = {"State": {"Name": state}, "Placement": {"AvailabilityZone": zone}}
            return {"InstanceId": name, "Tags": tags, **about, **more}

        spot = {"InstanceLifecycle": "spot"}
        instances = [
            instance("i-1", "a", **spot),
            instance("i-2", "b", **spot),
            instance("i-3", "a"),
            instance("i-4", "a", "terminated", **spot),
        ]
        return [{"Reservations": [{"Instances": instances}]}]


class Ecs:
    """More tasks in a cluster than a page holds, and clusters on two pages."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def get_paginator(self, name: str) -> "Ecs":
        return Ecs(name)

    def paginate(self, cluster: str = "") -> list[dict[str, Any]]:
        if self._name == "list_clusters":
            return [{"clusterArns": ["a"]}, {"clusterArns": ["b"]}]
        pages = [["1", "2"], ["3"]] if cluster == "a" else [[]]
        return [{"taskArns": page} for page in pages]

    def list_clusters(self) -> dict[str, Any]:
        return {"clusterArns": ["a"], "nextToken": "1"}

    def list_tasks(self, cluster: str) -> dict[str, Any]:
        return {"taskArns": ["1", "2"] if cluster == "a" else []}

    def describe_tasks(self, *, tasks: list[str], **_: Any) -> dict[str, Any]:
        assert 0 < len(tasks) <= 2
        return {"tasks": [{"taskArn": arn, "lastStatus": "RUNNING"} for arn in tasks]}

    def describe_clusters(self, *, clusters: list[str], **_: Any) -> dict[str, Any]:
        return {"clusters": [{"clusterArn": arn, "status": "ACTIVE"} for arn in clusters]}


class Clients:
    ec2 = Ec2()
    ecs = Ecs()


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ({"resourceTags": {"fleet": "i-2"}}, ["i-2"]),
        ({"resourceTags": {"fleet": "i-3"}}, []),
        ({"filters": [{"path": "Placement.AvailabilityZone", "values": ["a", "c"]}]}, ["i-1"]),
        ({"filters": [{"path": "State.Name", "values": ["running"]}]}, ["i-1", "i-2"]),
        ({"resourceArns": ["arn:aws:ec2:us-east-1:0:instance/i-2"]}, ["i-2"]),
    ],
)
def test_targets_are_found_by_arn_tags_and_filters(
    target: dict[str, Any], found: list[str]
) -> None:
    wanted = {"resourceType": "aws:ec2:spot-instance", "selectionMode": "ALL", **target}
    arns = Targets("0", "us-east-1", Clients(), random.Random(1)).resolve(wanted)
    assert [arn.rpartition("/")[2] for arn in arns] == found


@pytest.mark.parametrize(
    ("kind", "path", "value", "found"),
    [
        ("aws:ecs:task", "lastStatus", "RUNNING", ["1", "2", "3"]),
        ("aws:ecs:cluster", "status", "ACTIVE", ["a", "b"]),
    ],
)
def test_targets_are_found_on_all_pages(kind: str, path: str, value: str, found: list[str]) -> None:
    wanted = {
        "resourceType": kind,
        "selectionMode": "ALL",
        "filters": [{"path": path, "values": [value]}],
    }
    assert Targets("0", "us-east-1", Clients(), random.Random(1)).resolve(wanted) == found


def test_a_selection_is_drawn_from_what_is_found() -> None:
    wanted = {
        "resourceType": "aws:ec2:instance",
        "selectionMode": "COUNT(1)",
        "filters": [{"path": "State.Name", "values": ["running"]}],
    }
    drawn = {
        arn
        for seed in range(20)
        for arn in Targets("0", "us-east-1", Clients(), random.Random(seed)).resolve(wanted)
    }
    assert {arn.rpartition("/")[2] for arn in drawn} == {"i-1", "i-2", "i-3"}


def test_a_filters_path_goes_through_lists() -> None:
    about = {"SecurityGroups": [{"GroupId": "a"}, {"GroupId": "b"}], "State": {"Code": 16}}
    assert list(values_at(about, ["SecurityGroups", "GroupId"])) == ["a", "b"]
    assert list(values_at(about, ["State", "Code"])) == ["16"]
    assert list(values_at(about, ["State", "Name"])) == []
