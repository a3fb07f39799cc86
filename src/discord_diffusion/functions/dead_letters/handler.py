"""The Lambda `dead_letters`: notifies users, once, of jobs that failed too often.

SQS invokes it with messages of the dead-letter queue, and deletes those that the answer does not
name: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from collections.abc import Mapping
from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.functions.dead_letters.processor import DeadLetterProcessor
from discord_diffusion.settings.functions import DeadLettersSettings

_SETTINGS = DeadLettersSettings.from_environ()
logs.configure(_SETTINGS.log)
_PROCESSOR = DeadLetterProcessor(
    jobs=JobStore(Table(_SETTINGS.jobs_table, region=_SETTINGS.aws_region)),
    discord=OriginalResponseClient(_SETTINGS.discord_api_url),
    metrics=Metrics(_SETTINGS.metric_namespace, region=_SETTINGS.aws_region),
)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """What Lambda calls with a batch of dead letters; names the messages to deliver again."""
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    unprocessed = _PROCESSOR.process(bodies)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in unprocessed]}
