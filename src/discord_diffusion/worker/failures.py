"""The failure policy: a table with a rule for each class of error; the first match counts."""

from dataclasses import dataclass
from enum import Enum

from discord_diffusion.aws.errors import ReceiptLostError
from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    NotAnsweredYetError,
    TransientApiError,
)
from discord_diffusion.jobs.units import UNUSABLE_SOURCE
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.worker import errors


class Outcome(Enum):
    """What happens to the message and its user."""

    RETRY = "retry"
    """Released; on the last receive the user is notified first, then the redrive takes it."""
    FAILED = "failed"
    """Another try cannot help: the user is notified at once, then the redrive takes it."""
    REFUSED = "refused"
    """The user sent what can't be used: notified at once, then the message is deleted. No dead
    letter: nobody but the user can mend it."""
    GONE = "gone"
    """The user can no longer be notified: deleted, with a line in the log."""
    POISON = "poison"
    """No job of this schema: released until the redrive takes it; on the last receive the user whom
    it names is notified."""
    ABANDON = "abandon"
    """Another worker has it: left alone."""


@dataclass(frozen=True)
class Rule:
    """One row: for these errors, this outcome."""

    when: str
    """What has happened, as the documentation words it."""
    errors: tuple[type[Exception], ...]
    outcome: Outcome
    delay_seconds: int = 0
    """How long a released message stays hidden."""
    text: str = ""
    """Key of the text that the user reads when the job has failed for good; empty: none."""
    charged_units: int = 0
    """Hundredths of a unit that the job costs all the same."""
    is_cancel: bool = False
    """Whether the job counts as cancelled, and what was drawn of it is charged."""


NEWER_JOB_DELAY_SECONDS = 60
"""How long a job of a later schema is hidden; a deployment is under way that can read it."""

STOPPED = "failed.stopped"
"""Key of the text for a job that is given back on its last receive."""

RULES = (
    Rule(
        "the message is no job of this schema",
        (InvalidJobError,),
        Outcome.POISON,
        text="failed.unreadable",
    ),
    Rule(
        "the lease was lost: another worker has the job",
        (errors.LeaseLostError, ReceiptLostError),
        Outcome.ABANDON,
    ),
    Rule(
        "the token has run out (50027, 10062), the message or its channel was deleted (10008, "
        "10003), its thread archived (50083), or Discord never got the first answer (10015 for "
        "longer than 10 s)",
        (InteractionGoneError, NotAnsweredYetError, errors.MessageDeletedError),
        Outcome.GONE,
    ),
    Rule(
        "a moderator of its server stopped it while it was drawn",
        (errors.StoppedByModeratorError,),
        Outcome.REFUSED,
        text="failed.stopped_drawing",
        is_cancel=True,
    ),
    Rule(
        "too little is left of the token's 15 minutes",
        (errors.JobExpiredError,),
        Outcome.FAILED,
        text="failed.expired",
    ),
    Rule(
        "an earlier receive has notified its user that the job failed",
        (errors.FailedBeforeError,),
        Outcome.FAILED,
        text="failed.before",
    ),
    Rule(
        "its user cancelled it before it was begun, and the table did not answer then",
        (errors.CancelledBeforeError,),
        Outcome.REFUSED,
        text="done.cancelled",
    ),
    Rule(
        "it was taken back before it was begun, and the table did not answer then",
        (errors.RefusedBeforeError,),
        Outcome.REFUSED,
        text="failed.before",
    ),
    Rule(
        "413 or 40005, and no encoding is small enough",
        (errors.PicturesTooLargeError,),
        Outcome.FAILED,
        text="failed.too_large",
    ),
    Rule(
        "the device has too little memory, even for one picture at a time",
        (errors.OutOfMemoryError,),
        Outcome.RETRY,
        text="failed.memory",
    ),
    Rule(
        "every picture came out black or as no numbers",
        (errors.BlankPictureError,),
        Outcome.FAILED,
        text="failed.blank",
    ),
    Rule(
        "a scheduler that does not suit the model, or a source image that it cannot begin from",
        (errors.OptionRefusedError,),
        Outcome.REFUSED,
        text="failed.unsupported",
    ),
    Rule(
        "no such model here, or a size that it cannot do",
        (errors.UnsupportedJobError,),
        Outcome.FAILED,
        text="failed.unsupported",
    ),
    Rule("the pipeline failed", (errors.GenerationError,), Outcome.RETRY, text="failed.drawing"),
    Rule(
        "the source image is no longer there",
        (errors.SourceGoneError,),
        Outcome.REFUSED,
        text="failed.source_gone",
    ),
    Rule(
        "the source image has too many bytes or pixels",
        (errors.SourceTooLargeError,),
        Outcome.REFUSED,
        text="failed.source_too_large",
        charged_units=UNUSABLE_SOURCE,
    ),
    Rule(
        "the source image is no picture, or in a format that is not read",
        (errors.SourceFormatError,),
        Outcome.REFUSED,
        text="failed.source_format",
        charged_units=UNUSABLE_SOURCE,
    ),
    Rule(
        "the source image is cut off or damaged, and too little of it is there",
        (errors.SourceDamagedError,),
        Outcome.REFUSED,
        text="failed.source_damaged",
        charged_units=UNUSABLE_SOURCE,
    ),
    Rule(
        "nothing of the source image's mask is white",
        (errors.MaskBlackError,),
        Outcome.REFUSED,
        text="failed.mask_black",
        charged_units=UNUSABLE_SOURCE,
    ),
    Rule(
        "the source image is not on Discord's hosts",
        (errors.SourceRefusedError,),
        Outcome.REFUSED,
        text="failed.source_refused",
    ),
    Rule(
        "the source image did not come in time",
        (errors.SourceUnavailableError,),
        Outcome.RETRY,
        delay_seconds=5,
        text="failed.source_unavailable",
    ),
    Rule(
        "Discord cannot be reached, answers 5xx, or 429 for longer than 60 s",
        (TransientApiError,),
        Outcome.RETRY,
        delay_seconds=10,
        text="failed.delivery",
    ),
    Rule(
        "any other refusal of Discord",
        (ApiError,),
        Outcome.RETRY,
        delay_seconds=2,
        text="failed.refused",
    ),
    Rule("anything else", (Exception,), Outcome.RETRY, delay_seconds=2, text="failed.unknown"),
)


def rule_for(error: Exception) -> Rule:
    """The first row that names the error's class or a parent of it."""
    return next(rule for rule in RULES if isinstance(error, rule.errors))
