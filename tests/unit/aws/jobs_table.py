"""The jobs table on moto's DynamoDB, in this process: the emulator's DynamoDB is the same moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
from moto import mock_aws

from discord_diffusion.access.limits import Quota, Usage
from discord_diffusion.aws.dynamodb import Table, from_item
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.jobs.job import DISCORD_EPOCH, Job
from discord_diffusion.jobs.parameters import GenerationParameters
from tests.jobs_table import create_jobs_table

NOW = datetime(2026, 1, 2, 23, 59, 30, tzinfo=UTC)
"""Near the end of a day."""
PARAMETERS = GenerationParameters(
    prompt="a red circle", seed=7, steps=4, guidance=7.5, width=64, height=64, images=4
)
_SESSION = boto3.Session("key", "secret", region_name="us-east-1")
"""One for all tests: it reads the description of DynamoDB's API once."""


@contextmanager
def jobs_table() -> Iterator[Table]:
    """An empty jobs table of its own."""
    with mock_aws():
        client = _SESSION.client("dynamodb")
        create_jobs_table(client, "jobs")
        yield Table("jobs", client=client)


def items(table: Table) -> dict[str, dict[str, Any]]:
    """All items of the table as plain values, by their keys."""
    found = [from_item(item) for item in table.client.scan(TableName=table.name)["Items"]]
    return {item.pop("id"): item for item in found}


def snowflake(moment: datetime, number: int = 0) -> str:
    """The id of an interaction at that time."""
    milliseconds = round((moment - DISCORD_EPOCH).total_seconds() * 1000)
    return str((milliseconds << 22) + number)


def a_job(moment: datetime = NOW, number: int = 0, **changes: Any) -> Job:
    """A job whose interaction was created at that time."""
    values: dict[str, Any] = {
        "id": snowflake(moment, number),
        "application_id": "1000",
        "token": "the-interaction-token",
        "user_id": "77",
        "locale": "de",
        "parameters": PARAMETERS,
        "channel_id": "3000",
        "guild_id": "200",
    }
    return Job(**values | changes)


def usage(
    table: Table, now: datetime = NOW, *, user_id: str = "77", guild_id: str | None = "200"
) -> Usage:
    """What was used today, as a request reads it."""
    return GuildStore(table, audit_days=1).settings_and_usage(user_id, guild_id, now)[1]


def used_in_guild(user: int, member: int, guild: int, deployment: int, *jobs: str) -> Usage:
    """What was used of each quota, and the unfinished jobs of the user."""
    counts = zip(Quota, (user, member, guild, deployment), strict=True)
    return Usage(dict(counts), frozenset(jobs))
