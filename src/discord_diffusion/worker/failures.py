"""The failure policy: what is done about each class of error. One table, first match wins."""

from dataclasses import dataclass
from enum import Enum

from discord_diffusion.aws.queue import ReceiptLostError
from discord_diffusion.discord.api_errors import (
    ApiError,
    InteractionGoneError,
    NotAnsweredYetError,
    TransientApiError,
)
from discord_diffusion.jobs import InvalidJob
from discord_diffusion.worker.errors import (
    GenerationError,
    JobExpiredError,
    LeaseLostError,
    OutOfMemoryError,
    PicturesTooLargeError,
)


class Outcome(Enum):
    """What becomes of the message."""

    RETRY = "retry"
    """Released; on its last receive the user is told first, then the redrive takes it."""
    FINAL = "final"
    """Another try cannot help: the user is told where there is a text, the message is deleted."""
    POISON = "poison"
    """Not a job: released at once until the redrive takes it, so that its group is not held up."""
    ABANDON = "abandon"
    """Not ours any more: left alone, whoever has it answers."""


@dataclass(frozen=True)
class Rule:
    """One row: for these errors, this outcome."""

    errors: tuple[type[Exception], ...]
    outcome: Outcome
    delay_seconds: int = 0
    """How long a released message stays hidden."""
    user_text: str = ""
    """What the user is told when nothing more will be tried; empty: nobody can be told."""


RULES = (
    Rule((InvalidJob,), Outcome.POISON),
    Rule((LeaseLostError, ReceiptLostError), Outcome.ABANDON),
    Rule((InteractionGoneError, NotAnsweredYetError), Outcome.FINAL),
    Rule(
        (JobExpiredError,),
        Outcome.FINAL,
        user_text="Too many people are waiting and Discord's time for an answer is over. "
        "Please try again.",
    ),
    Rule(
        (PicturesTooLargeError,),
        Outcome.FINAL,
        user_text="The pictures are larger than this server accepts. "
        "Ask for fewer or smaller ones.",
    ),
    Rule(
        (OutOfMemoryError,),
        Outcome.RETRY,
        user_text="There is not enough graphics memory for this. "
        "Ask for fewer or smaller pictures.",
    ),
    Rule(
        (GenerationError,),
        Outcome.RETRY,
        user_text="Something went wrong while drawing. "
        "Please try again, perhaps worded differently.",
    ),
    Rule(
        (TransientApiError,),
        Outcome.RETRY,
        delay_seconds=10,
        user_text="The pictures could not be delivered. Please try again.",
    ),
    Rule(
        (ApiError,),
        Outcome.RETRY,
        delay_seconds=2,
        user_text="Discord did not accept the pictures. Please try again.",
    ),
    Rule(
        (Exception,),
        Outcome.RETRY,
        delay_seconds=2,
        user_text="Something went wrong. Please try again.",
    ),
)


def rule_for(error: Exception) -> Rule:
    """The first row that names the error's class or a parent of it."""
    return next(rule for rule in RULES if isinstance(error, rule.errors))
