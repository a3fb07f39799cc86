"""A signed request is refused by each quota of the real ledger, on moto's DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.functions.interactions.endpoint import Endpoint
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.router import LazyHandlers, Router
from discord_diffusion.jobs.record import JobStatus
from tests.messages import is_ephemeral, text_of
from tests.unit.aws.jobs_table import jobs_table
from tests.unit.functions.conftest import (
    SETTINGS,
    Caller,
    Clock,
    CountingMachine,
    DictGuilds,
    DictStore,
    ListQueue,
    imagine,
)

OPEN = Limits(in_flight=20)
HOME, AWAY, DIRECT = "2000", "2001", None
"""Two guilds, and direct messages."""


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def caller_with(table: Table, **limits: int) -> Caller:
    """An endpoint whose jobs and guilds are in the table."""
    settings = replace(SETTINGS, limits=replace(OPEN, **limits))
    queue, fleet, wake, clock = ListQueue(), DictStore(), CountingMachine(), Clock()
    jobs, guilds = JobStore(table), GuildStore(table, audit_days=1)
    confirm, deadline = CountingMachine(), Deadline(clock=clock)
    schedule = ConfirmationSchedule(confirm)
    admission = Admission(jobs, queue, fleet, wake, schedule, settings.fleet, clock, deadline)
    requests = PictureRequests(
        ParameterBuilder(settings), admission, guilds, settings.limits, settings.audit_days
    )
    router = Router(
        requests, LazyHandlers(requests, jobs, fleet, JobHistory(table), CommandIds(table))
    )
    return Caller(queue, fleet, wake, confirm, DictGuilds(), Endpoint(settings, router), clock)


def ask(caller: Caller, guild: str | None, user: str = "4000", **options: Any) -> str:
    """The answer to a request of one picture, after a mark of whether it is a refusal."""
    user_fields = {"user": {"id": user, "username": "ada"}}
    payload = imagine(**({"prompt": "a star", "images": 1} | options)) | {"guild_id": guild}
    payload |= {"member": user_fields} if guild else {"member": None, **user_fields}
    data = caller.content(payload)["data"]
    refused = is_ephemeral(data)
    return ("refused: " if refused else "taken: ") + text_of(data)


def test_a_user_of_two_guilds_and_direct_messages_has_one_quota(table: Table) -> None:
    caller = caller_with(table, user_units=3)
    taken = [ask(caller, where) for where in (HOME, AWAY, DIRECT)]
    assert [one.split(": ")[0] for one in taken] == ["taken"] * 3
    assert [one.rpartition("\n")[2] for one in taken] == [
        f"-# Units: 1 · {left} of 3 left today" for left in (2, 1, 0)
    ]
    for where in (HOME, AWAY, DIRECT):
        refused = ask(caller, where)
        assert refused.startswith("refused: This costs 1 units, and of your 3 for today in all")
    assert ask(caller, HOME, user="4001").startswith("taken")
    assert len(caller.queue.jobs) == 4


def test_a_guilds_own_limit_of_its_members_holds_in_that_guild_alone(table: Table) -> None:
    caller = caller_with(table)
    guilds = GuildStore(table, audit_days=1)
    guild = guilds.managed(HOME, "1")
    change = GuildChange.of("1", "2", "limits", {})
    assert guilds.change(guild, change, replace(guild.settings, user_units=1))
    assert ask(caller, AWAY).startswith("taken")
    assert ask(caller, HOME).startswith("taken")
    refused = ask(caller, HOME, steps=6)
    assert "costs 0.52 units, and of your 1 for today in this server 0 are left" in refused
    assert ask(caller, AWAY).startswith("taken")


def test_the_users_of_a_guild_share_its_quota(table: Table) -> None:
    caller = caller_with(table, guild_units=2)
    assert ask(caller, HOME).startswith("taken")
    assert ask(caller, HOME, user="4001", images=2).startswith(
        "refused: This costs 1.5 units, and of this server's 2 for today 1 are left"
    )
    assert ask(caller, HOME, user="4001").startswith("taken")
    assert ask(caller, AWAY, user="4001").startswith("taken")
    assert ask(caller, DIRECT, user="4001").startswith("taken")


def test_everybody_shares_the_quota_of_the_deployment(table: Table) -> None:
    caller = caller_with(table, deployment_units=3)
    places = (HOME, AWAY, DIRECT)
    answers = [ask(caller, where, user=f"{number}") for number, where in enumerate(places, 1)]
    assert all(one.startswith("taken") for one in answers)
    for number, where in enumerate(places, 11):
        refused = ask(caller, where, user=f"{number}")
        assert "of the 3 that I draw for everybody in a day 0 are left" in refused


def test_a_request_larger_than_a_whole_day_is_refused_by_the_limit_that_it_exceeds(
    table: Table,
) -> None:
    caller = caller_with(table, user_units=3, guild_units=4, deployment_units=5)
    assert "of your 3 for today in all servers 3 are left" in ask(caller, HOME, images=4, steps=60)
    caller = caller_with(table, guild_units=4, deployment_units=3)
    assert "of this server's 4 for today 4 are left" in ask(caller, HOME, images=4, steps=60)
    refused = ask(caller, DIRECT, images=4, steps=60)
    assert "of the 3 that I draw for everybody in a day 3 are left" in refused
    assert caller.queue.jobs == []


def test_what_a_job_gives_back_may_be_used_again_anywhere(table: Table) -> None:
    caller = caller_with(table, user_units=1)
    assert ask(caller, HOME).startswith("taken")
    assert ask(caller, DIRECT).startswith("refused")
    JobStore(table).finish(caller.queue.jobs[0].id, JobStatus.FAILED)
    assert ask(caller, DIRECT).startswith("taken")


def test_pictures_that_are_always_held_back_use_up_the_quota(table: Table) -> None:
    caller = caller_with(table, user_units=2)
    for _ in range(2):
        assert ask(caller, HOME).startswith("taken")
        # As the worker ends a job of which the filter held back every picture.
        JobStore(table).finish(
            caller.queue.jobs[-1].id, JobStatus.ANSWERED, pictures=0, filtered=1, charged_pictures=1
        )
    assert ask(caller, HOME).startswith("refused: This costs 1 units")
