"""The Lambda `waiting`: notifies users of queued jobs, and ends jobs that have become hopeless."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.functions.waiting.confirmation import Confirmation
from discord_diffusion.functions.waiting.due_actions import Action
from discord_diffusion.functions.waiting.notifier import WaitingNotifier
from discord_diffusion.functions.waiting.stopper import Stopper
from discord_diffusion.jobs.stop_order import StopOrder
from discord_diffusion.settings.functions import WaitingSettings

_SETTINGS = WaitingSettings.from_environ()
logs.configure(_SETTINGS.log)
_TABLE = Table(_SETTINGS.jobs_table, region=_SETTINGS.aws_region)
_JOBS, _DISCORD = JobStore(_TABLE), OriginalResponseClient(_SETTINGS.discord_api_url)
_QUEUE = JobSender(_SETTINGS.queue_url, region=_SETTINGS.aws_region)
_NOTIFIER = WaitingNotifier(
    jobs=_JOBS,
    confirmation=Confirmation(_JOBS, _QUEUE, _DISCORD),
    fleet=FleetStateStore(_TABLE),
    discord=_DISCORD,
    settings=_SETTINGS.fleet,
)
_STOPPER = Stopper(_JOBS, _NOTIFIER)


def handler(event: object, _context: object) -> dict[str, Any]:
    """What the state machines call: `confirm` with `{"jobs": [ids]}`, for these jobs alone, or with
    `{"stop": order}`, until none is `left`; and `scaling` with an empty event, when a snapshot
    shows that users may need a notice.
    """
    given = event if isinstance(event, Mapping) else {}
    now = datetime.now(UTC)
    if order := given.get("stop"):
        return _STOPPER.run(StopOrder.from_json(order), now)
    job_ids = given.get("jobs")
    done = _NOTIFIER.confirm(job_ids, now) if job_ids else _NOTIFIER.run(now)
    return {
        "left": 0,
        "told": done[Action.NOTIFY_OF_WAIT],
        "refused": done[Action.REFUSE],
        "ended": done[Action.NOTIFY_OF_END] + done[Action.FAIL],
    }
