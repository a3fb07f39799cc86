"""A job continues the trace that API Gateway names in the header of the request."""

import json

import pytest

from tests.unit.functions.conftest import Caller, event_multi_value, event_v1, imagine

TRACE = "5759e988bd862e3fe1be46a994272793"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
PARENT = "Parent=53995c3f42cd8ad8"


def traceparent_of(caller: Caller, header: str | None) -> str | None:
    """The traceparent of a job whose request had this header."""
    event = event_v1(json.dumps(imagine(prompt="a star")).encode())
    if header is not None:
        event["headers"]["X-Amzn-Trace-Id"] = header
    assert caller.endpoint.answer(event)["statusCode"] == 200
    return caller.queue.jobs[-1].traceparent


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (f"{ROOT};{PARENT};Sampled=1", "01"),
        (f"{ROOT};{PARENT};Sampled=0", "00"),
        (f"{ROOT};{PARENT};Sampled=?", "00"),
        (f"{ROOT};{PARENT}", "00"),
        (f"Self=1-x-y; Sampled=1; {PARENT}; {ROOT}; Lineage=25:1", "01"),
    ],
)
def test_the_header_of_x_ray_becomes_a_traceparent(caller: Caller, header: str, flags: str) -> None:
    assert traceparent_of(caller, header) == f"00-{TRACE}-53995c3f42cd8ad8-{flags}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        ";;=;",
        ROOT,
        f"{ROOT};Sampled=1",
        f"{PARENT};Sampled=1",
        f"{ROOT};Parent=53995c3f42cd8ad;Sampled=1",
        f"{ROOT};Parent=53995C3F42CD8AD8;Sampled=1",
        f"Root=2-5759e988-bd862e3fe1be46a994272793;{PARENT}",
        f"Root=1-5759e988-bd862e3fe1be46a99427279;{PARENT}",
        f"Root=1-5759e988-bd862e3fe1be46a99427279g;{PARENT}",
        f"Root=1-00000000-000000000000000000000000;{PARENT}",
        f"{ROOT};Parent=0000000000000000",
        "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
    ],
)
def test_a_header_without_root_and_parent_is_ignored(caller: Caller, header: str | None) -> None:
    assert traceparent_of(caller, header) is None


def test_the_header_is_read_from_an_event_with_lists_of_values_too(caller: Caller) -> None:
    event = event_multi_value(json.dumps(imagine(prompt="a star")).encode())
    event["multiValueHeaders"]["x-amzn-trace-id"] = [f"{ROOT};{PARENT};Sampled=1"]
    assert caller.endpoint.answer(event)["statusCode"] == 200
    assert caller.queue.jobs[0].traceparent == f"00-{TRACE}-53995c3f42cd8ad8-01"
