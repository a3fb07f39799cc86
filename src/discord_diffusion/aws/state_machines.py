"""Starts an EXPRESS state machine of Step Functions."""

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.deadline import Attempts, Deadline
from discord_diffusion.aws.errors import ServiceError, translated

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# One of several calls within Discord's 3 s; if it fails, the scaling loop does its work later.
_CONFIG = Config(connect_timeout=0.3, read_timeout=0.5, retries={"total_max_attempts": 1})


class StateMachine:
    """One state machine, which is started while an answer is due."""

    def __init__(self, arn: str, deadline: Deadline, *, region: str | None = None) -> None:
        self._arn = arn
        self._attempts = Attempts.of(_CONFIG, deadline)
        self._client = _client(region)

    def start(self, given: Mapping[str, Any] | None = None, *, repeat: bool = True) -> None:
        """Start an execution with the input `given`, and do not wait for its end.

        With `repeat` it is tried once more if the time is enough.

        If the answer to the first attempt is lost, two are started; that does no harm.

        Raises:
            ServiceError: Step Functions did not start it.
        """
        with translated(ServiceError):
            self._attempts.make(
                lambda: self._client.start_execution(
                    stateMachineArn=self._arn, input=json.dumps(given or {})
                ),
                repeat=repeat,
            )


@cache
def _client(region: str | None) -> "SFNClient":
    """The client of all state machines: making one takes time of the cold start."""
    made: SFNClient = client("stepfunctions", region=region, config=_CONFIG)
    return made
