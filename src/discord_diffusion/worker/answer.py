"""What users read: progress, answers, alt texts, and the parameters inside a file."""

from discord_diffusion.discord import text
from discord_diffusion.discord.answer_text import SPOILER, asked, file_prefix, pictures
from discord_diffusion.discord.limits import ATTACHMENT_DESCRIPTION_LENGTH
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.generation import Generation, ModelInfo, Picture


def working(job: Job, steps_done: int = 0, steps: int = 0, *, last_try: bool = False) -> str:
    """While the job runs. Of a last try the text stays true should the worker die over it."""
    locale = job.locale
    status = say(locale, "working.begun")
    if steps_done:
        status = say(locale, "working.steps", done=steps_done, steps=steps)
    lines = [*asked(job.parameters, locale), status]
    if last_try:
        # Shown in each reader's own time: https://docs.discord.com/developers/reference#message-formatting
        by = f"<t:{int(job.expires_at.timestamp())}:t>"
        lines.append(f"-# {say(locale, 'working.last_try', by=by)}")
    return text.content("\n".join(lines))


def answer(job: Job, generation: Generation, notice: str = "") -> str:
    """What was made, and the seed of each picture."""
    locale, parameters = job.locale, job.parameters
    if not generation.pictures:
        return text.failure(say(locale, "failed.held_back"))
    width, height = _size(parameters)
    facts = say(
        locale,
        "answer.facts",
        pictures=pictures(len(generation.pictures), locale),
        width=width,
        height=height,
        steps=parameters.steps,
        guidance=f"{parameters.guidance:g}",
        seconds=f"{generation.seconds.total:.1f}",
    )
    seeds = ", ".join(str(picture.seed) for picture in generation.pictures)
    key = "answer.seed" if len(generation.pictures) == 1 else "answer.seeds"
    lines = [*asked(parameters, locale), facts, say(locale, key, seeds=seeds)]
    if generation.filtered:
        held_back = pictures(generation.filtered, locale)
        lines.append(say(locale, "answer.held_back", pictures=held_back))
    if generation.blank:
        lines.append(say(locale, "answer.blank", pictures=pictures(generation.blank, locale)))
    if notice:
        lines.append(f"-# {text.escape(notice)}")
    return text.content("\n".join(lines))


def alt_text(job: Job, picture: Picture) -> str:
    """The picture for those who don't see it. Shown as plain text, so nothing is escaped."""
    prompt = text.clean(job.parameters.prompt)
    description = say(job.locale, "alt.picture", prompt=prompt)
    suffix = f" ({say(job.locale, 'answer.seed', seeds=picture.seed)})"
    return text.shorten(description, ATTACHMENT_DESCRIPTION_LENGTH - len(suffix)) + suffix


def embedded_parameters(
    parameters: GenerationParameters, seed: int, model: ModelInfo, scale: int
) -> str:
    """How to make the picture again, in the form of the `parameters` text chunk.

    The form is the one that AUTOMATIC1111's web UI writes and other tools read:
    https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
    """
    lines = [text.clean(parameters.prompt)]
    if parameters.negative_prompt:
        lines.append(f"Negative prompt: {text.clean(parameters.negative_prompt)}")
    facts = {
        "Steps": parameters.steps,
        "Sampler": model.scheduler,
        "CFG scale": f"{parameters.guidance:g}",
        "Seed": seed,
        "Size": "{}x{}".format(*_size(parameters)),
        "Model": model.name.replace(",", " "),
    }
    if parameters.source:
        facts["Denoising strength"] = f"{parameters.source.strength:g}"
    if scale > 1:
        facts["Enlarged"] = f"{scale}x"
    lines.append(", ".join(f"{name}: {value}" for name, value in facts.items()))
    return "\n".join(lines)


def _size(parameters: GenerationParameters) -> tuple[int, int]:
    """Width and height as drawn."""
    scale = parameters.source.scale if parameters.source else 1
    return parameters.width * scale, parameters.height * scale


def file_stem(job: Job, picture: Picture) -> str:
    """Holds the job's id: by it a second receive recognises pictures already delivered."""
    return f"{SPOILER if job.spoiler else ''}{file_prefix(job.id)}{picture.index}"
