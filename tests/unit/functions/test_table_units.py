"""The units that docs/costs.md counts for a job and for a look are those of their calls."""

from collections.abc import Iterator

import pytest

from discord_diffusion.access.guild_channels import GuildChannel
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.functions.waiting.notifier import MAX_RECORDS
from infra.capacity.figures import counts
from tests.unit.functions.request_path import Deployment, RequestPath, deployment
from tests.unit.functions.table_units import Meter, metered

TOKEN = "a" * 220
"""As long as Discord's are."""
PROMPT = "a lighthouse on a cliff in a storm, oil painting, dramatic light, highly detailed"
LONG_PROMPT = "a lighthouse " * 75


@pytest.fixture(scope="module")
def one_deployment() -> Iterator[Deployment]:
    with deployment() as made:
        yield made


def life_of_a_job(path: RequestPath, prompt: str, *, waits: bool) -> Meter:
    """The units of a job from its request to its pictures."""
    path.payload["token"] = path.discord.token = TOKEN
    path.payload["data"]["options"] = [{"name": "prompt", "value": prompt}]
    path.worker_is_quick = not waits
    # Written once a channel, by its first request.
    channel = GuildChannel(path.payload["channel_id"], age_restricted=False)
    GuildStore(path.table, audit_days=1).note_channel(channel, None)
    with metered("jobs", path.table.client) as meter:
        path.answer()
        assert path.confirm()
        path.worker()
        path.deliver()
    assert path.user_reads == "pictures"
    return meter


@pytest.mark.parametrize(
    ("prompt", "waits", "writes"),
    [
        (
            PROMPT,
            True,
            {
                "job": 6,
                "index": 4,
                "user": 6,
                "guild": 2,
                "deployment": 2,
                "audit": 2,
                "history": 1,
            },
        ),
        (
            PROMPT,
            False,
            {
                "job": 5,
                "index": 3,
                "user": 6,
                "guild": 2,
                "deployment": 2,
                "audit": 2,
                "history": 1,
            },
        ),
        (
            LONG_PROMPT,
            True,
            {
                "job": 12,
                "index": 8,
                "user": 6,
                "guild": 2,
                "deployment": 2,
                "audit": 4,
                "history": 1,
            },
        ),
    ],
    ids=["a job that waits", "a job that is drawn at once", "a prompt of a thousand characters"],
)
def test_a_job_takes_as_many_units_as_are_billed(
    one_deployment: Deployment, prompt: str, waits: bool, writes: dict[str, int]
) -> None:
    meter = life_of_a_job(one_deployment.new_path(), prompt, waits=waits)
    assert meter.writes == writes
    # Settings, channel and usage, the fleet; then the record, before it is confirmed and
    # before it ends.
    assert meter.reads == {"BatchGetItem": 7.0, "GetItem": 2.0}
    if prompt == PROMPT and waits:
        assert sum(meter.writes.values()) == counts()["writes_per_job"]
        assert sum(meter.reads.values()) == counts()["reads_per_job"]


def test_a_look_takes_as_many_reads_as_are_billed(one_deployment: Deployment) -> None:
    jobs, fleet = JobStore(one_deployment.table), FleetStateStore(one_deployment.table)
    with metered("jobs", one_deployment.table.client) as meter:
        jobs.waiting(1)
    assert sum(meter.reads.values()) == counts()["reads_per_observation"]
    with metered("jobs", one_deployment.table.client) as meter:
        jobs.waiting(MAX_RECORDS)
        fleet.get()
    assert sum(meter.reads.values()) == counts()["reads_per_notice"]
