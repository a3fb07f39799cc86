"""The Lambda `interactions`: verifies, answers within Discord's 3 seconds, and enqueues jobs."""

from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.handlers.answers import Answers
from discord_diffusion.handlers.endpoint import Endpoint
from discord_diffusion.handlers.imagine import Imagine
from discord_diffusion.settings import InteractionsSettings


def _endpoint() -> Endpoint:
    settings = InteractionsSettings.from_environ()
    logs.configure(settings.log_level)
    queue = JobSender(settings.queue_url, region=settings.aws_region)
    return Endpoint(settings, Answers(Imagine(settings), queue))


# Made while the function starts, when Lambda gives it a whole processor: not on the first job.
_ENDPOINT = _endpoint()


def handler(event: object, _context: object) -> dict[str, Any]:
    """What Lambda calls, with an event of API Gateway or of a function URL."""
    return _ENDPOINT.answer(event)
