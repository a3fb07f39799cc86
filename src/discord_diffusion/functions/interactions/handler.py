"""The Lambda `interactions`: verifies and answers interactions within 3 seconds, queues jobs."""

from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import CONFLICT_RETRY_SECONDS_OF_AN_ANSWER, JobStore
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.aws.state_machines import StateMachine
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.functions.interactions.endpoint import Endpoint
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.router import LazyHandlers, Router
from discord_diffusion.settings.interactions import InteractionsSettings

_SETTINGS = InteractionsSettings.from_environ()
logs.configure(_SETTINGS.log)
_REGION = _SETTINGS.aws_region
_DEADLINE = Deadline()


def _state_machine(arn: str | None) -> StateMachine | None:
    return StateMachine(arn, _DEADLINE, region=_REGION) if arn else None


# Clients are made while the function starts, when Lambda gives it a whole processor, and not on the
# first job.
_TABLE = Table(_SETTINGS.jobs_table, region=_REGION, deadline=_DEADLINE)
_JOBS = JobStore(_TABLE, retry_seconds=CONFLICT_RETRY_SECONDS_OF_AN_ANSWER)
_FLEET = FleetStateStore(_TABLE)
_CONFIRMATIONS = ConfirmationSchedule(_state_machine(_SETTINGS.confirm_state_machine_arn))
_REQUESTS = PictureRequests(
    builder=ParameterBuilder(_SETTINGS),
    admission=Admission(
        jobs=_JOBS,
        queue=JobSender(_SETTINGS.queue_url, region=_REGION, deadline=_DEADLINE),
        fleet=_FLEET,
        wake=_state_machine(_SETTINGS.wake_state_machine_arn),
        confirmations=_CONFIRMATIONS,
        settings=_SETTINGS.fleet,
        deadline=_DEADLINE,
    ),
    guilds=GuildStore(_TABLE, audit_days=_SETTINGS.audit_days),
    limits=_SETTINGS.limits,
    audit_days=_SETTINGS.audit_days,
)
_LAZY = LazyHandlers(_REQUESTS, _JOBS, _FLEET, JobHistory(_TABLE), CommandIds(_TABLE))
_ENDPOINT = Endpoint(_SETTINGS, Router(_REQUESTS, _LAZY))


def handler(event: object, _context: object) -> dict[str, Any]:
    """What Lambda calls, with an event of API Gateway or of a function URL."""
    _DEADLINE.begin()
    return _ENDPOINT.answer(event)
