"""What several programs write into a user's message, and recognise there again."""

from discord_diffusion.discord import text
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import say

PROMPT_SHOWN = 1400
"""UTF-16 units of a prompt, escapes counted; the rest of a message is for what became of it."""
NEGATIVE_PROMPT_SHOWN = 200
SPOILER = "SPOILER_"
"""Begins the names of files that Discord's clients veil until they are clicked."""


def asked(parameters: GenerationParameters, locale: str) -> list[str]:
    """What the user asked for, as quoted lines."""
    lines = [f"> {text.quote(parameters.prompt, PROMPT_SHOWN)}"]
    if parameters.negative_prompt:
        negative = text.quote(parameters.negative_prompt, NEGATIVE_PROMPT_SHOWN)
        lines.append(f"> {say(locale, 'asked.without', negative=negative)}")
    return lines


def pictures(count: int, locale: str) -> str:
    """A number of pictures."""
    return say(locale, "pictures.one") if count == 1 else say(locale, "pictures.many", count=count)


def failed(job_id: str, parameters: GenerationParameters, reason: str, locale: str) -> str:
    """The job came to nothing; `reason` is our own text, in that language."""
    return text.failure("\n".join([reason, *asked(parameters, locale), _signature(job_id)]))


def unreadable(job_id: str, reason: str) -> str:
    """As `failed`, where what was asked for is not known."""
    return text.failure(f"{reason}\n{_signature(job_id)}")


def is_apology(job_id: str, content: str) -> bool:
    """Whether the content of a message is what `failed` or `unreadable` made for that job."""
    return content.startswith(text.FAILURE_MARK) and content.rstrip().endswith(_signature(job_id))


def file_prefix(job_id: str) -> str:
    """Begins the name of every picture of a job, but for a veil."""
    return f"{job_id}-"


def is_picture(job_id: str, filename: str) -> bool:
    """Whether an attachment of that name is one of the job's pictures."""
    return filename.removeprefix(SPOILER).startswith(file_prefix(job_id))


def _signature(job_id: str) -> str:
    return f"-# job {job_id}"
