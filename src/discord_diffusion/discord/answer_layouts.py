"""How an answer looks from the first response to the last edit: one container for each stage."""

from collections.abc import Sequence
from dataclasses import dataclass

from discord_diffusion.discord.components import answer_row, picture_buttons, queued_job_row
from discord_diffusion.discord.layout import (
    Accent,
    Components,
    ShownPicture,
    container,
    gallery,
    row,
    separator,
    text,
)
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.answers import FAILURE_MARK, quoted_request, signature
from discord_diffusion.texts.catalogue import say


@dataclass(frozen=True)
class DrawnPicture:
    """A picture of an answer: its index in the job, its seed, and the file that shows it."""

    index: int
    seed: int
    file: ShownPicture


def notice(content: str, accent: Accent = Accent.ENDED) -> Components:
    """A text that is no answer to a job."""
    return container([text(content)], accent)


def refusal(content: str) -> Components:
    """A text that says why something is not done."""
    return notice(content, Accent.FAILED)


def queued(
    job_id: str, parameters: GenerationParameters, locale: str, facts: str, status: Sequence[str]
) -> Components:
    """A job that waits: `facts` is what was understood, `status` how long it waits and costs."""
    parts = [
        text("\n".join([*quoted_request(parameters, locale), facts])),
        separator(),
        text("\n".join(status)),
        queued_job_row(job_id, locale),
    ]
    return container(parts, Accent.WAITING)


def drawing(
    parameters: GenerationParameters, locale: str, status: str, sketch: ShownPicture | None
) -> Components:
    """A job that is being drawn: how far it is, and a sketch where there is one."""
    shown = [gallery([sketch])] if sketch else []
    parts = [text("\n".join(quoted_request(parameters, locale))), *shown, text(status)]
    return container(parts, Accent.DRAWING)


def answered(
    job_id: str,
    parameters: GenerationParameters,
    locale: str,
    pictures: Sequence[DrawnPicture],
    facts: Sequence[str],
) -> Components:
    """The pictures of a job: each with a row of its own, then what is known of all of them."""
    parts = [text("\n".join(quoted_request(parameters, locale)))]
    parts.append(gallery([picture.file for picture in pictures]))
    for picture in pictures:
        seed = say(locale, "answer.seed", seeds=picture.seed)
        number = f"**{picture.index + 1}** · " if parameters.images > 1 else ""
        parts.append(text(f"-# {number}{seed}"))
        parts.append(row(picture_buttons(job_id, locale, parameters, picture.index)))
    parts += [separator(), *([text("\n".join(facts))] if facts else []), answer_row(job_id, locale)]
    return container(parts, Accent.DONE)


def held_back(
    job_id: str, parameters: GenerationParameters, locale: str, facts: Sequence[str]
) -> Components:
    """A job whose pictures were all held back: no apology, for it was drawn and is charged."""
    reason = f"{FAILURE_MARK} {say(locale, 'failed.held_back')}"
    parts = [
        text(reason),
        text("\n".join(quoted_request(parameters, locale))),
        *([text("\n".join(facts))] if facts else []),
        answer_row(job_id, locale),
    ]
    return container(parts, Accent.FAILED)


def apology(
    job_id: str, locale: str, reason: str, parameters: GenerationParameters | None = None
) -> Components:
    """A job that failed; without `parameters` nothing is known of it but its user.

    It ends with the job's signature, by which a later receive recognises it.
    """
    parts = [text(f"{FAILURE_MARK} {reason}")]
    if parameters:
        parts.append(text("\n".join(quoted_request(parameters, locale))))
        parts.append(answer_row(job_id, locale))
    return container([*parts, text(signature(job_id))], Accent.FAILED)


def cancelled(parameters: GenerationParameters, locale: str, reason: str) -> Components:
    """A job that its user has cancelled."""
    request = text("\n".join(quoted_request(parameters, locale)))
    return container([request, separator(), text(reason)], Accent.ENDED)
