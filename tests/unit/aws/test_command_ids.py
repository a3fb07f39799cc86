"""The ids of the commands, from the registration to the table's reader."""

from collections.abc import Iterator

import pytest

from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.dynamodb import Table
from infra.deploy.aws import Aws
from infra.deploy.command_ids import keep_command_ids, kept_for_help
from tests.unit.aws.jobs_table import jobs_table


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def test_the_ids_of_the_last_registration_are_read(table: Table) -> None:
    assert CommandIds(table).by_command() == {}
    keep_command_ids(table.client, table.name, {"imagine": "1", "gone": "2"})
    keep_command_ids(table.client, table.name, {"imagine": "3", "help": "4"})
    assert CommandIds(table).by_command() == {"imagine": "3", "help": "4"}


def test_a_deployment_goes_on_where_the_ids_cannot_be_kept(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "client", lambda _aws, _service: table.client)
    assert kept_for_help(Aws("x"), table.name, {"imagine": "5"}) == "1 that /help mentions"
    assert CommandIds(table).by_command() == {"imagine": "5"}
    told = kept_for_help(Aws("x"), "another", {"imagine": "6"})
    assert "could not be kept: dynamodb:UpdateItem: ResourceNotFoundException" in told


def test_a_table_that_does_not_answer_knows_no_ids(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    missing = Table("another", client=table.client)
    assert CommandIds(missing).by_command() == {}
    assert "The ids of the commands could not be read" in caplog.text
