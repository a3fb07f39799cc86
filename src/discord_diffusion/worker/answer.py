"""The answer to a job: what it says, and its pictures as files with alt texts and parameters."""

from collections.abc import Iterable
from dataclasses import dataclass

from discord_diffusion.discord.answer_layouts import DrawnPicture, answered, held_back
from discord_diffusion.discord.layout import Components, ShownPicture
from discord_diffusion.discord.webhooks import DESCRIPTION_LENGTH, File
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.units import refund
from discord_diffusion.texts.answers import (
    SPOILER,
    cost,
    file_prefix,
    picture_count,
)
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import clean, escape, shorten
from discord_diffusion.worker.encoding import CaptionedImage, encode_to_fit, enlarge
from discord_diffusion.worker.pipeline_types import Generation, ModelInfo, Picture

_UNREAD_LENGTH = 60
"""Characters of what the model did not read that are shown."""


@dataclass(frozen=True)
class Answer:
    """The pictures of the user's message and what it says of them, and the job it answers."""

    job: Job
    generation: Generation
    facts: tuple[str, ...]
    """The lines that hold for all pictures."""
    images: tuple[CaptionedImage, ...] = ()
    """The pictures of `files`, from which smaller files can be encoded."""
    files: tuple[File, ...] = ()
    message_id: str = ""
    """That of the user's message, once it shows the answer."""

    @property
    def components(self) -> Components:
        """What the message shows."""
        job, parameters = self.job, self.job.parameters
        if not self.files:
            return held_back(job.id, parameters, job.locale, self.facts)
        pictures = [
            DrawnPicture(
                picture.index,
                picture.seed,
                ShownPicture(file.filename, file.description, job.spoiler),
            )
            for picture, file in zip(self.generation.pictures, self.files, strict=True)
        ]
        return answered(job.id, parameters, job.locale, pictures, self.facts)


def compose(
    job: Job,
    generation: Generation,
    *,
    scale: int = 1,
    picture_format: str = "png",
    notice: str = "",
) -> Answer:
    """Enlarge the pictures `scale` times, encode them within the job's limit, write the text.

    `picture_format` is the extension of the best encoding that is tried.

    Raises:
        PicturesTooLargeError: no encoding is small enough.
    """
    images = tuple(
        CaptionedImage(
            enlarge(picture.image, scale),
            file_stem(job, picture),
            embedded_parameters(job.parameters, picture.seed, generation.model, scale),
            alt_text(job, picture.seed),
        )
        for picture in generation.pictures
    )
    files = encode_to_fit(images, job.attachment_size_limit, best=picture_format)
    return Answer(job, generation, answer_facts(job, generation, notice), images, files)


def restored(job: Job, filenames: Iterable[str]) -> Components:
    """What an answer shows, as far as its job and its files tell: not what it cost, say."""
    prefix, pictures = file_prefix(job.id), []
    for name in filenames:
        index = int(name.removeprefix(SPOILER).removeprefix(prefix).partition(".")[0])
        seed = job.parameters.seed_of(index)
        file = ShownPicture(name, alt_text(job, seed), job.spoiler)
        pictures.append(DrawnPicture(index, seed, file))
    return answered(job.id, job.parameters, job.locale, pictures, facts=())


def answer_facts(job: Job, generation: Generation, notice: str = "") -> tuple[str, ...]:
    """What was drawn, what is missing, and what the user was charged."""
    locale, parameters = job.locale, job.parameters
    drawn = len(generation.pictures)
    width, height = parameters.finished_size
    lines = []
    if drawn:
        lines.append(
            say(
                locale,
                "answer.facts",
                pictures=picture_count(drawn, locale),
                width=width,
                height=height,
                steps=parameters.steps,
                guidance=f"{parameters.guidance:g}",
                seconds=f"{generation.seconds.total:.1f}",
            )
        )
        if generation.filtered:
            missing = picture_count(generation.filtered, locale)
            lines.append(say(locale, "answer.held_back", pictures=missing))
    if generation.blank:
        lines.append(say(locale, "answer.blank", pictures=picture_count(generation.blank, locale)))
    if generation.unread:
        unread = escape(shorten(clean(generation.unread), _UNREAD_LENGTH))
        lines.append(f"-# {say(locale, 'answer.unread', text=unread)}")
    if parameters.negative_prompt and parameters.guidance <= 1:
        unguided = say(locale, "answer.unguided", guidance=f"{parameters.guidance:g}")
        lines.append(f"-# {unguided}")
    if job.units:
        charged = drawn + generation.filtered
        units = job.units - refund(job.units, images=parameters.images, charged=charged)
        lines.append(f"-# {cost(units, locale)}")
    if notice:
        lines.append(f"-# {escape(notice)}")
    return tuple(lines)


def alt_text(job: Job, seed: int) -> str:
    """The alt text of a picture. Discord shows it as plain text, so nothing is escaped."""
    prompt = clean(job.parameters.prompt)
    description = say(job.locale, "alt.picture", prompt=prompt)
    suffix = f" ({say(job.locale, 'answer.seed', seeds=seed)})"
    return shorten(description, DESCRIPTION_LENGTH - len(suffix)) + suffix


def embedded_parameters(
    parameters: GenerationParameters, seed: int, model: ModelInfo, scale: int
) -> str:
    """The parameters by which the picture can be drawn again, for the text chunk `parameters`.

    The form is that of AUTOMATIC1111's web UI, which other tools read:
    https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
    """
    loras = [f"<lora:{lora}>" for lora in parameters.loras]
    lines = [" ".join([clean(parameters.drawn_prompt), *loras])]
    if negative := parameters.drawn_negative_prompt:
        lines.append(f"Negative prompt: {clean(negative)}")
    facts = {
        "Steps": parameters.steps,
        "Sampler": model.scheduler,
        "CFG scale": f"{parameters.guidance:g}",
        "Seed": seed,
        "Size": "{}x{}".format(*parameters.finished_size),
        "Model": model.name.replace(",", " "),
    }
    if parameters.style:
        facts["Style"] = parameters.style.name
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
