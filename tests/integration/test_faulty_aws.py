"""The proxy of the chaos runs passes calls on, but for those that a fault strikes."""

import random
from collections.abc import Iterator

import pytest
from botocore.config import Config

from discord_diffusion.aws import clients
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreError
from tests.integration import faulty_aws as module
from tests.integration.faulty_aws import FaultyAws, faulty_aws
from tests.unit.aws.aws_server import AwsServer, serve


@pytest.fixture
def upstream() -> Iterator[AwsServer]:
    with serve() as server:
        yield server


@pytest.fixture
def proxy(upstream: AwsServer) -> Iterator[FaultyAws]:
    with faulty_aws(upstream.endpoint, random.Random(1)) as proxy:
        yield proxy


@pytest.fixture
def table(upstream: AwsServer, proxy: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> Table:
    for name, value in (upstream.environment | {"AWS_ENDPOINT_URL": proxy.url}).items():
        monkeypatch.setenv(name, value)
    config = Config(read_timeout=0.5, retries={"total_max_attempts": 1})
    return Table("jobs", client=clients.client("dynamodb", region="us-east-1", config=config))


@pytest.mark.parametrize(
    ("fault", "error", "arrives"),
    [
        ("throttled", "ThrottlingException", 0),
        ("failed", "InternalServerError", 0),
        ("lost", "ConnectionClosedError", 0),
        ("unanswered", "ConnectionClosedError", 1),
        ("late", "ReadTimeoutError", 0),
    ],
)
def test_a_fault_strikes_a_call_before_or_after_it_arrives(
    upstream: AwsServer,
    proxy: FaultyAws,
    table: Table,
    fault: str,
    error: str,
    arrives: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FAULTS", {fault: 1.0})
    with pytest.raises(StoreError, match=error):
        table.get_item("job#1")
    assert len(upstream.calls) == arrives
    assert proxy.hits == {fault: 1}


def test_without_a_fault_a_call_is_passed_on(
    upstream: AwsServer, proxy: FaultyAws, table: Table
) -> None:
    proxy.on = False
    assert table.get_item("job#1") is None
    assert [action for action, _ in upstream.calls] == ["GetItem"]
    assert proxy.hits == {}
