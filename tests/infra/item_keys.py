"""The items of the jobs table that each method of an adapter reads and writes, by running it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.access.guild_channels import GuildChannel
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.guild_store import GuildStore, ManagedGuild
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.fleet.guard import FleetGuard
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.jobs.job import DISCORD_EPOCH, Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobStatus
from tests.jobs_table import create_jobs_table

Rights = set[tuple[str, str]]
"""Pairs of an IAM action and the key of an item."""

NOW = datetime.now(UTC)
ID = str(int((NOW - DISCORD_EPOCH) / timedelta(milliseconds=1)) << 22)
JOB = Job(ID, "1", "t", "en-US", "2", GenerationParameters("a", 1, 4, 7.5, 64, 64, 1), guild_id="3")
CHARGE = Charge(100, Limits(), 1, click="4")
SNAPSHOT = FleetSnapshot(1, 0, 0, 1, 1, NOW)

CHANGE, SETTINGS = GuildChange("9", "2", "set", 1), GuildSettings()

EARLIER, LATER = NOW - timedelta(days=1), NOW + timedelta(days=1)

Example = Callable[[Table], Any]


def _jobs(then: Callable[[JobStore], Any]) -> Example:
    return lambda table: then(JobStore(table))


def _fleet(then: Callable[[FleetStateStore], Any]) -> Example:
    return lambda table: then(FleetStateStore(table))


def _guilds(then: Callable[[GuildStore], Any]) -> Example:
    return lambda table: then(GuildStore(table, audit_days=1))


EXAMPLES: Mapping[str, Example] = {
    "CommandIds.by_command": lambda table: CommandIds(table).by_command(),
    "JobStore.accept": _jobs(lambda jobs: jobs.accept(JOB, charge=CHARGE)),
    "JobStore.reject": _jobs(lambda jobs: jobs.reject(JOB, reason="r")),
    "JobStore.get": _jobs(lambda jobs: jobs.get(ID)),
    "JobStore.begin": _jobs(lambda jobs: jobs.begin(ID)),
    "JobStore.finish": _jobs(lambda jobs: jobs.finish(ID, JobStatus.FAILED)),
    "JobStore.withdraw": _jobs(lambda jobs: jobs.withdraw(ID, JobStatus.CANCELLED, reason="r")),
    "JobStore.order_stop": _jobs(lambda jobs: jobs.order_stop(ID)),
    "JobStore.has_stop_order": _jobs(lambda jobs: jobs.has_stop_order(ID)),
    "JobStore.jobs_to_cancel": _jobs(lambda jobs: [jobs.jobs_to_cancel("9", {ID}) for _ in "12"]),
    "JobStore.claim_wait_notice": _jobs(lambda jobs: jobs.claim_wait_notice(ID, NOW)),
    "JobStore.confirm_queued": _jobs(lambda jobs: jobs.confirm_queued(ID)),
    "JobStore.confirm_notified": _jobs(lambda jobs: jobs.confirm_notified(ID)),
    "JobStore.waiting": _jobs(lambda jobs: jobs.waiting(1)),
    "JobHistory.between": lambda table: JobHistory(table).between("2", EARLIER, LATER, 1),
    "JobHistory.remove": lambda table: JobHistory(table).remove(ID),
    "FleetStateStore.get": _fleet(lambda fleet: fleet.get()),
    "FleetStateStore.save_snapshot": _fleet(lambda fleet: fleet.save_snapshot(SNAPSHOT)),
    "FleetStateStore.save_guard": _fleet(
        lambda fleet: fleet.save_guard(FleetGuard(InstanceHours(NOW)), None)
    ),
    "FleetStateStore.save_launch_failure": _fleet(lambda fleet: fleet.save_launch_failure(NOW)),
    "FleetStateStore.drew_at": _fleet(lambda fleet: fleet.drew_at()),
    "FleetStateStore.ready_at": _fleet(lambda fleet: fleet.ready_at()),
    "FleetStateStore.worker_is_ready": _fleet(lambda fleet: fleet.worker_is_ready(NOW)),
    "FleetStateStore.save_pace": _fleet(
        lambda fleet: fleet.save_pace(MeasuredPace((DrawnBatch(1, 1.0),), NOW))
    ),
    "GuildStore.settings": _guilds(lambda guilds: guilds.settings("3")),
    "GuildStore.managed": _guilds(lambda guilds: guilds.managed("3", "9")),
    "GuildStore.change": _guilds(lambda guilds: guilds.change(ManagedGuild("3"), CHANGE, SETTINGS)),
    "GuildStore.settings_and_usage": _guilds(
        lambda guilds: guilds.settings_and_usage("2", "3", NOW)
    ),
    "GuildStore.reset_usage": _guilds(
        lambda guilds: guilds.reset_usage("2", "3", NOW, seen=100, kept=0)
    ),
    "GuildStore.note_refusal": _guilds(lambda guilds: guilds.note_refusal("3", NOW)),
    "GuildStore.days": _guilds(lambda guilds: guilds.days("3", NOW)),
    "GuildStore.note_channel": _guilds(lambda guilds: guilds.note_channel(GuildChannel("5"), None)),
    "GuildStore.audit": _guilds(lambda guilds: guilds.audit("9", "2", "3", "set")),
}
"""A call of each method that uses the table. All but `accept` and `reject` find an accepted job."""

STORES = tuple({name.split(".")[0] for name in EXAMPLES})
_NEW = ("JobStore.accept", "JobStore.reject")


@cache
def _client() -> Any:
    """A client for all examples: to make one costs as much as an example."""
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


def rights_of(method: str) -> Rights:
    """The rights that the example of a method needs."""
    with mock_aws():
        client = _client()
        create_jobs_table(client, "jobs")
        table = Table("jobs", client=client)
        if method not in _NEW:
            JobStore(table).accept(JOB, charge=CHARGE)
        if method.startswith("JobHistory."):
            JobStore(table).finish(ID, JobStatus.ANSWERED)
        with _recorded() as rights:
            EXAMPLES[method](table)
    return rights


@contextmanager
def _recorded() -> Iterator[Rights]:
    rights: Rights = set()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make(client: Any, operation: str, given: dict[str, Any]) -> Any:
        rights.update(_needed(operation, given))
        return call(client, operation, given)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(BaseClient, "_make_api_call", make)
        yield rights


def _needed(operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    match operation:
        case "TransactWriteItems":
            for write in given["TransactItems"]:
                ((kind, one),) = write.items()
                yield from _needed(f"{kind}Item", one)
        case "BatchGetItem":
            for asked in given["RequestItems"].values():
                yield from ((f"dynamodb:{operation}", key["id"]["S"]) for key in asked["Keys"])
        case "PutItem":
            yield f"dynamodb:{operation}", given["Item"]["id"]["S"]
        case "GetItem" | "UpdateItem":
            yield f"dynamodb:{operation}", given["Key"]["id"]["S"]
