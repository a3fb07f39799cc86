"""The Lambda `interactions`: verifies and answers interactions within 3 seconds, queues jobs."""

from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_store import CONFLICT_RETRY_SECONDS_OF_AN_ANSWER, JobStore
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.aws.state_machines import StateMachine
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.endpoint import Endpoint
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.router import LazyHandlers, Router
from discord_diffusion.settings.interactions import InteractionsSettings


def _endpoint() -> Endpoint:
    settings = InteractionsSettings.from_environ()
    logs.configure(settings.log_level)
    region, wake_arn = settings.aws_region, settings.wake_state_machine_arn
    table = Table(settings.jobs_table, region=region, one_attempt=True)
    jobs = JobStore(table, retry_seconds=CONFLICT_RETRY_SECONDS_OF_AN_ANSWER)
    fleet = FleetStateStore(table)
    requests = PictureRequests(
        builder=ParameterBuilder(settings),
        admission=Admission(
            jobs=jobs,
            queue=JobSender(settings.queue_url, region=region),
            fleet=fleet,
            wake=StateMachine(wake_arn, region=region) if wake_arn else None,
            settings=settings.fleet,
        ),
        guilds=GuildStore(table, audit_days=settings.audit_days),
        limits=settings.limits,
        audit_days=settings.audit_days,
    )
    return Endpoint(settings, Router(requests, LazyHandlers(requests, jobs, fleet)))


# Clients are made while the function starts, when Lambda gives it a whole processor, and not on the
# first job.
_ENDPOINT = _endpoint()


def handler(event: object, _context: object) -> dict[str, Any]:
    """What Lambda calls, with an event of API Gateway or of a function URL."""
    return _ENDPOINT.answer(event)
