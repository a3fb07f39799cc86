"""Starts an EXPRESS state machine of Step Functions."""

from typing import TYPE_CHECKING

from botocore.config import Config

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.deadline import Attempts, Deadline
from discord_diffusion.aws.errors import ServiceError, translated

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# One of several calls within Discord's 3 s; if it fails, the fleet is woken up to a minute later.
_CONFIG = Config(connect_timeout=0.3, read_timeout=0.5, retries={"total_max_attempts": 1})


class StateMachine:
    """One state machine, which is started while an answer is due."""

    def __init__(self, arn: str, deadline: Deadline, *, region: str | None = None) -> None:
        self._arn = arn
        self._attempts = Attempts.of(_CONFIG, deadline)
        self._client: SFNClient = client("stepfunctions", region=region, config=_CONFIG)

    def start(self) -> None:
        """Start an execution without input, and do not wait for its end.

        If the answer to the first attempt is lost, two are started; that does no harm.

        Raises:
            ServiceError: Step Functions did not start it.
        """
        with translated(ServiceError):
            self._attempts.make(lambda: self._client.start_execution(stateMachineArn=self._arn))
