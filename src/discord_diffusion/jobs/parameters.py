"""The parameters of a picture request, and what is allowed for each."""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace

from discord_diffusion.jobs.loras import LoraSet, LoraSpec, read_set
from discord_diffusion.jobs.options import (
    GUIDANCE,
    PARAMETERS,
    PROMPT_LENGTH,
    SCHEDULER,
    SEED,
    SIZE,
    STEPS,
    STRENGTH,
    STYLE_NAME,
)
from discord_diffusion.jobs.validation import SCHEMA_VERSION, Fields, InvalidJobError

SCALES = (1, 2)
STYLE_PLACE = "{prompt}"
"""Where the user's text comes in a template of a style."""
TEMPLATE_LENGTH = (0, 500)
"""Characters of a template."""
_SINCE = 3
"""The first `SCHEMA_VERSION` whose job messages have `style`, and `mask` and `box` of a source."""
_ADDRESS = re.compile(r"https?://[^\s/]+/\S{1,2000}")


@dataclass(frozen=True)
class Box:
    """Where a source image is in the picture that is drawn around it, in pixels of the picture."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def read(cls, value: object) -> "Box":
        """Read the JSON object of a box strictly.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        read = Fields.of(value, "parameters.source.box", cls)
        return cls(
            left=read.integer("left", (0, SIZE[1])),
            top=read.integer("top", (0, SIZE[1])),
            width=read.integer("width", SIZE),
            height=read.integer("height", SIZE),
        )


@dataclass(frozen=True)
class SourceImage:
    """A picture to begin from, at an address that Discord gave.

    `strength` is the share of the denoising that is done anew; the picture is enlarged `scale`
    times before it. With `mask`, the address of another picture, only what is white in that one is
    drawn anew. With `box` the picture is put there, and what is around it is drawn.
    """

    url: str
    strength: float
    scale: int = 1
    mask: str | None = None
    box: Box | None = None

    @property
    def keeps_part(self) -> bool:
        """Whether a part of the picture stays as it is."""
        return self.mask is not None or self.box is not None

    @classmethod
    def read(cls, value: object, version: int = SCHEMA_VERSION) -> "SourceImage":
        """Read the JSON object of a source image of that version of job messages strictly.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        given = Fields.of(value, "parameters.source", cls)
        newer = {"mask": None, "box": None} if version < _SINCE else {}
        read = Fields(newer | given.content, given.prefix)
        url = read.matching("url", _ADDRESS)
        if url is None:
            raise InvalidJobError("parameters.source.url is missing")
        box = read.value("box")
        return cls(
            url,
            read.number("strength", STRENGTH),
            read.integer("scale", SCALES),
            mask=read.matching("mask", _ADDRESS),
            box=None if box is None else Box.read(box),
        )


@dataclass(frozen=True)
class Style:
    """A named style. An empty template changes nothing; a parameter that is None is not preset.

    A template without `{prompt}` is put behind the user's text.
    """

    name: str
    prompt: str = ""
    negative_prompt: str = ""
    steps: int | None = None
    guidance: float | None = None
    scheduler: str | None = None

    def around(self, prompt: str) -> str:
        """The prompt in the style."""
        return _filled(self.prompt, prompt)

    def around_negative(self, negative_prompt: str) -> str:
        """The negative prompt in the style."""
        return _filled(self.negative_prompt, negative_prompt)

    @classmethod
    def read(cls, value: object, path: str = "parameters.style") -> "Style":
        """Read the JSON object of a style strictly: every field must be there.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        read = Fields.of(value, path, cls)
        name = read.matching("name", STYLE_NAME)
        if name is None:
            raise InvalidJobError(f"{path}.name is missing")
        steps, guidance = read.value("steps"), read.value("guidance")
        style = cls(
            name,
            read.text("prompt", TEMPLATE_LENGTH),
            read.text("negative_prompt", TEMPLATE_LENGTH),
            steps=None if steps is None else read.integer("steps", STEPS),
            guidance=None if guidance is None else read.number("guidance", GUIDANCE),
            scheduler=read.matching("scheduler", SCHEDULER),
        )
        if style == cls(name):
            raise InvalidJobError(f"{path} is empty: it changes nothing")
        return style


@dataclass(frozen=True)
class GenerationParameters:
    """What to draw. Width and height in pixels; picture i has the seed `seed + i`.

    `scheduler` is the class name of a diffusers scheduler and `model` one of the deployment's
    models; None leaves both to the worker. `source` makes it image-to-image. `style` is put around
    the prompts, which stay what the user wrote. `lora` is the text of a set of LoRAs.
    """

    prompt: str
    seed: int
    steps: int
    guidance: float
    width: int
    height: int
    images: int
    negative_prompt: str = ""
    scheduler: str | None = None
    model: str | None = None
    source: SourceImage | None = None
    style: Style | None = None
    lora: str | None = None

    @property
    def loras(self) -> LoraSet:
        """The LoRAs that change the model for this job."""
        return read_set(self.lora) if self.lora else ()

    def seed_of(self, index: int) -> int:
        """The seed of one picture, by its index in the job."""
        return (self.seed + index) % (SEED[1] + 1)

    @property
    def drawn_prompt(self) -> str:
        """The prompt that the model reads: in the style, if there is one."""
        return self.style.around(self.prompt) if self.style else self.prompt

    @property
    def drawn_negative_prompt(self) -> str:
        """The negative prompt that the model reads."""
        own = self.negative_prompt
        return self.style.around_negative(own) if self.style else own

    def with_triggers(self, known: Mapping[str, LoraSpec]) -> "GenerationParameters":
        """These, with a prompt that has the trigger words of its LoRAs that it lacked."""
        drawn = self.drawn_prompt.lower()
        specs = (known[lora.name] for lora in self.loras if lora.name in known)
        missing = [spec.trigger for spec in specs if spec.trigger.lower() not in drawn]
        return replace(self, prompt=", ".join([self.prompt, *missing]))

    @property
    def finished_size(self) -> tuple[int, int]:
        """Width and height of a finished picture: a source image may be enlarged."""
        scale = self.source.scale if self.source else 1
        return self.width * scale, self.height * scale

    def to_json(self) -> str:
        """The parameters alone, as the job record keeps them."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "GenerationParameters":
        """Read what `to_json` wrote; fields with a default may be missing, as in older records.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        return cls.read(_DEFAULTS | json.loads(text), version=1)

    @classmethod
    def read(cls, value: object, version: int = SCHEMA_VERSION) -> "GenerationParameters":
        """Read the JSON object of the parameters of that version of job messages strictly.

        Every field that this version has must be there.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        given = Fields.of(value, "parameters", cls)
        newer = {
            option.name: _DEFAULTS[option.name] for option in PARAMETERS if option.since > version
        }
        if version < _SINCE:
            newer["style"] = None
        read = Fields(newer | given.content, given.prefix)
        values = {
            option.name: option.read(read, _DEFAULTS.get(option.name, MISSING))
            for option in PARAMETERS
        }
        source, style = read.value("source"), read.value("style")
        made = cls(
            **values,
            source=None if source is None else SourceImage.read(source, version),
            style=None if style is None else Style.read(style),
        )
        box = made.source.box if made.source else None
        if box and (box.left + box.width > made.width or box.top + box.height > made.height):
            raise InvalidJobError(f"parameters.source.box is {box}, which is not in the picture")
        return made


_DEFAULTS = {
    field.name: field.default
    for field in fields(GenerationParameters)
    if field.default is not MISSING
}


def _filled(template: str, text: str) -> str:
    """The text in a template, no longer than a prompt may be: a template may name it many times."""
    if STYLE_PLACE in template:
        # Not `str.format`: a template and a prompt may hold any other braces.
        filled = template.replace(STYLE_PLACE, text)
    else:
        filled = ", ".join(part for part in (text, template) if part)
    return filled[: PROMPT_LENGTH[1]]
