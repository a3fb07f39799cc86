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
    BlankPictureError,
    FailedBeforeError,
    GenerationError,
    JobExpiredError,
    LeaseLostError,
    OutOfMemoryError,
    PicturesTooLargeError,
    UnsupportedJobError,
)


class Outcome(Enum):
    """What becomes of the message."""

    RETRY = "retry"
    """Released; on its last receive the user is told first, then the redrive takes it."""
    FAILED = "failed"
    """Another try cannot help: the user is told at once, then the redrive takes it."""
    GONE = "gone"
    """Nobody can be answered any more: deleted, with a line in the log."""
    POISON = "poison"
    """Not a job we can read: released until the redrive takes it; on the last receive whoever it
    names is told."""
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


NEWER_JOB_DELAY_SECONDS = 60
"""A job of a later schema waits for a later worker, which a deployment is just starting."""


STOPPED_TEXT = "The machine that was drawing this has been stopped. Please try again."
"""For a job that is given back on its last receive."""

RULES = (
    Rule(
        (InvalidJob,),
        Outcome.POISON,
        user_text="This request could not be read. Please ask again in a few minutes.",
    ),
    Rule((LeaseLostError, ReceiptLostError), Outcome.ABANDON),
    Rule((InteractionGoneError, NotAnsweredYetError), Outcome.GONE),
    Rule(
        (JobExpiredError,),
        Outcome.FAILED,
        user_text="This could not be drawn within the 15 minutes that Discord gives an answer. "
        "Please try again.",
    ),
    Rule(
        (FailedBeforeError,),
        Outcome.FAILED,
        user_text="This could not be drawn. Please try again.",
    ),
    Rule(
        (PicturesTooLargeError,),
        Outcome.FAILED,
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
        (BlankPictureError,),
        Outcome.FAILED,
        user_text="The model drew nothing but black. Please try another seed or other words.",
    ),
    Rule(
        (UnsupportedJobError,),
        Outcome.FAILED,
        user_text="The model cannot draw this as asked. "
        "Please choose another size, model or scheduler.",
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
