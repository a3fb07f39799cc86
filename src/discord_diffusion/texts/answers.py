"""Parts of the answers to users that several programs write or recognise."""

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.units import HUNDREDTHS
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import quote

FAILURE_MARK = "❌"
"""Begins every message that says that a job failed."""
PROMPT_SHOWN = 2000
"""Most UTF-16 units of a prompt in a message, escapes counted, so that the rest has room."""
NEGATIVE_PROMPT_SHOWN = 300
SPOILER = "SPOILER_"
"""Begins the names of files that Discord's clients hide until they are clicked."""


def quoted_request(parameters: GenerationParameters, locale: str) -> list[str]:
    """The prompts of a request and its style, as quoted lines."""
    lines = [f"> {quote(parameters.prompt, PROMPT_SHOWN)}"]
    if parameters.style:
        lines.append(f"> {say(locale, 'asked.style', style=parameters.style.name)}")
    if parameters.negative_prompt:
        negative = quote(parameters.negative_prompt, NEGATIVE_PROMPT_SHOWN)
        lines.append(f"> {say(locale, 'asked.without', negative=negative)}")
    return lines


def picture_count(count: int, locale: str) -> str:
    """A number of pictures in words, such as "2 pictures"."""
    return say(locale, "pictures.one") if count == 1 else say(locale, "pictures.many", count=count)


def unit_count(hundredths: int, locale: str) -> str:
    """A number of units, given in hundredths, with as many decimals as it needs."""
    whole, part = divmod(hundredths, HUNDREDTHS)
    if not part:
        return str(whole)
    return f"{whole}{say(locale, 'cost.point')}{f'{part:02}'.rstrip('0')}"


def cost(hundredths: int, locale: str) -> str:
    """What a job costs, given in hundredths of a unit."""
    return say(locale, "cost.units", units=unit_count(hundredths, locale))


def is_apology(job_id: str, text: str) -> bool:
    """Whether `text` is what an apology for that job says."""
    return text.startswith(FAILURE_MARK) and text.rstrip().endswith(signature(job_id))


def file_prefix(job_id: str) -> str:
    """Begins the name of every picture of a job, after `SPOILER` if there is one."""
    return f"{job_id}-"


def is_picture(job_id: str, filename: str) -> bool:
    """Whether an attachment of that name is one of the job's pictures."""
    return filename.removeprefix(SPOILER).startswith(file_prefix(job_id))


def signature(job_id: str) -> str:
    """Ends every apology for a job."""
    return f"-# job {job_id}"
