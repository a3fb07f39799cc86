"""What the functions say to users. What a user wrote is quoted by `discord.answer_text` alone."""

from datetime import datetime

from discord_diffusion.discord.answer_text import asked, pictures
from discord_diffusion.jobs import GenerationParameters
from discord_diffusion.waits import Wait, WaitKind

UNKNOWN_COMMAND = "I don't know this command any more. Discord may need a minute to forget it."
UNKNOWN_COMPONENT = "This button does not work any more. Please send /imagine again."
UNKNOWN_MODAL = "This form does not work any more. Please send /imagine again."
UNKNOWN_TYPE = "Discord sent something that I don't know yet."
QUEUE_REFUSED = "I can't take your request right now. Nothing was charged; please try again soon."
UNEXPECTED = "Something went wrong on my side. Nothing was charged; please try again."
DEAD_LETTER = "This could not be drawn. Nothing was charged; please try again."

_UNCHARGED = "Nothing was charged; please try again later."


def queued(parameters: GenerationParameters, wait: Wait, expires_at: datetime) -> str:
    """What was understood, and how long it will take."""
    facts = (
        f"**Queued** · {pictures(parameters.images)} · {parameters.width}×{parameters.height}"
        f" · seed {parameters.seed} · {parameters.steps} steps · guidance {parameters.guidance:g}"
    )
    return "\n".join([*asked(parameters), facts, _waiting(wait, expires_at)])


def too_late(wait: Wait) -> str:
    """Nothing was queued: it could not be finished while Discord takes an answer."""
    if wait.kind is WaitKind.NO_CAPACITY:
        return f"There is no free GPU at AWS right now. {_UNCHARGED}"
    return (
        f"Too many requests are waiting: yours would be number {wait.ahead + 1}, and Discord takes"
        f" an answer for 15 minutes only. {_UNCHARGED}"
    )


def refused(wait: Wait) -> str:
    """A queued job is given up: it can no longer be finished while Discord takes an answer."""
    if wait.kind is WaitKind.NO_CAPACITY:
        return f"AWS had no free GPU for this in time. {_UNCHARGED}"
    return (
        f"This could not be begun within the 15 minutes that Discord gives an answer. {_UNCHARGED}"
    )


def _waiting(wait: Wait, expires_at: datetime) -> str:
    place = "You are next" if wait.ahead == 0 else f"About {wait.ahead} ahead of you"
    ready = f"ready {relative(wait.due)}" if wait.due else ""
    match wait.kind:
        case WaitKind.ASLEEP:
            return f"💤 The GPUs are asleep: waking one up. {place}, {ready}."
        case WaitKind.STARTING:
            return f"🔌 A GPU is starting. {place}, {ready}."
        case WaitKind.NO_CAPACITY:
            return (
                "⏳ AWS has no free GPU right now. I keep asking;"
                f" if none comes in time I tell you, by {at_time(expires_at)}."
            )
        case _:
            return f"{place}, {ready}." if ready else f"{place}."


def relative(moment: datetime) -> str:
    """A moment that counts down by itself in each reader's language: "in 4 minutes".

    https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
    """
    return f"<t:{round(moment.timestamp())}:R>"


def at_time(moment: datetime) -> str:
    """A moment as each reader's clock shows it."""
    return f"<t:{round(moment.timestamp())}:t>"
