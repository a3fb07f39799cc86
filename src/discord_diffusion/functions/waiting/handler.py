"""The Lambda `waiting`: tells users how the wait goes on, and ends what has become hopeless."""

from datetime import UTC, datetime
from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.functions.waiting.notifier import Telling
from discord_diffusion.settings.functions import WaitingSettings


def _telling() -> Telling:
    settings = WaitingSettings.from_environ()
    logs.configure(settings.log_level)
    table = Table(settings.jobs_table, region=settings.aws_region)
    return Telling(
        jobs=JobStore(table),
        fleet=FleetStateStore(table),
        discord=OriginalResponseClient(settings.discord_api_url),
        size=settings.fleet,
    )


_TELLING = _telling()


def handler(_event: object, _context: object) -> dict[str, Any]:
    """What the state machine calls when a look found users who may have to be told something."""
    told = _TELLING.tell_all(datetime.now(UTC))
    return {"told": told.waits, "refused": told.refusals, "ended": told.ends}
