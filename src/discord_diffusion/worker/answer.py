"""The answer to a job: its text, and its pictures as files with alt texts and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.discord.components import answer_buttons
from discord_diffusion.discord.webhooks import ATTACHMENT_DESCRIPTION_LENGTH, File
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.answers import (
    SPOILER,
    failure,
    file_prefix,
    picture_count,
    quoted_request,
)
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import clean, escape, fit_content, shorten
from discord_diffusion.worker.encoding import CaptionedImage, encode_to_fit, enlarge
from discord_diffusion.worker.pipeline_types import Generation, ModelInfo, Picture

_UNREAD_LENGTH = 60
"""Characters of what the model did not read that are shown."""

Components = tuple[Mapping[str, Any], ...]
"""Rows of buttons, as Discord takes them."""


@dataclass(frozen=True)
class Answer:
    """The content of the user's message, and the job it answers."""

    job: Job
    generation: Generation
    content: str
    images: tuple[CaptionedImage, ...] = ()
    """The pictures of `files`, from which smaller files can be encoded."""
    files: tuple[File, ...] = ()
    components: Components = ()


def compose(job: Job, generation: Generation, *, scale: int = 1, notice: str = "") -> Answer:
    """Enlarge the pictures `scale` times, encode them within the job's limit, write the text.

    Raises:
        PicturesTooLargeError: no encoding is small enough.
    """
    images = tuple(
        CaptionedImage(
            enlarge(picture.image, scale),
            file_stem(job, picture),
            embedded_parameters(job.parameters, picture.seed, generation.model, scale),
            alt_text(job, picture),
        )
        for picture in generation.pictures
    )
    shown = [picture.index for picture in generation.pictures]
    return Answer(
        job,
        generation,
        answer_content(job, generation, notice),
        images,
        encode_to_fit(images, job.attachment_size_limit),
        tuple(answer_buttons(job.id, job.locale, job.parameters, shown)),
    )


def answer_content(job: Job, generation: Generation, notice: str = "") -> str:
    """The text of an answer: what was drawn, and the seed of each picture."""
    locale, parameters = job.locale, job.parameters
    if not generation.pictures:
        return failure(say(locale, "failed.held_back"))
    width, height = parameters.finished_size
    facts = say(
        locale,
        "answer.facts",
        pictures=picture_count(len(generation.pictures), locale),
        width=width,
        height=height,
        steps=parameters.steps,
        guidance=f"{parameters.guidance:g}",
        seconds=f"{generation.seconds.total:.1f}",
    )
    seeds = ", ".join(str(picture.seed) for picture in generation.pictures)
    key = "answer.seed" if len(generation.pictures) == 1 else "answer.seeds"
    lines = [*quoted_request(parameters, locale), facts, say(locale, key, seeds=seeds)]
    if generation.filtered:
        held_back = picture_count(generation.filtered, locale)
        lines.append(say(locale, "answer.held_back", pictures=held_back))
    if generation.blank:
        lines.append(say(locale, "answer.blank", pictures=picture_count(generation.blank, locale)))
    if generation.unread:
        unread = escape(shorten(clean(generation.unread), _UNREAD_LENGTH))
        lines.append(f"-# {say(locale, 'answer.unread', text=unread)}")
    if notice:
        lines.append(f"-# {escape(notice)}")
    return fit_content("\n".join(lines))


def alt_text(job: Job, picture: Picture) -> str:
    """The alt text of a picture. Discord shows it as plain text, so nothing is escaped."""
    prompt = clean(job.parameters.prompt)
    description = say(job.locale, "alt.picture", prompt=prompt)
    suffix = f" ({say(job.locale, 'answer.seed', seeds=picture.seed)})"
    return shorten(description, ATTACHMENT_DESCRIPTION_LENGTH - len(suffix)) + suffix


def embedded_parameters(
    parameters: GenerationParameters, seed: int, model: ModelInfo, scale: int
) -> str:
    """The parameters by which the picture can be drawn again, for the text chunk `parameters`.

    The form is that of AUTOMATIC1111's web UI, which other tools read:
    https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
    """
    lines = [clean(parameters.prompt)]
    if parameters.negative_prompt:
        lines.append(f"Negative prompt: {clean(parameters.negative_prompt)}")
    facts = {
        "Steps": parameters.steps,
        "Sampler": model.scheduler,
        "CFG scale": f"{parameters.guidance:g}",
        "Seed": seed,
        "Size": "{}x{}".format(*parameters.finished_size),
        "Model": model.name.replace(",", " "),
    }
    if parameters.source:
        facts["Denoising strength"] = f"{parameters.source.strength:g}"
    if scale > 1:
        facts["Enlarged"] = f"{scale}x"
    lines.append(", ".join(f"{name}: {value}" for name, value in facts.items()))
    return "\n".join(lines)


def file_stem(job: Job, picture: Picture) -> str:
    """The file's name without extension.

    It holds the job's id, by which a later receive recognises delivered pictures.
    """
    return f"{SPOILER if job.spoiler else ''}{file_prefix(job.id)}{picture.index}"
