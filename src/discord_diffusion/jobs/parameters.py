"""The parameters of a picture request, and what is allowed for each."""

import json
import re
from dataclasses import MISSING, asdict, dataclass, fields

from discord_diffusion.jobs.validation import Fields, InvalidJobError

PROMPT_LENGTH = (1, 6000)
"""Characters; the upper end is Discord's own for a string option."""
NEGATIVE_PROMPT_LENGTH = (0, 6000)
IMAGES = (1, 4)
STEPS = (1, 100)
GUIDANCE = (0.0, 30.0)
SEED = (0, 2**32 - 1)
SIZE = (8, 4096)
"""Pixels of a side; a multiple of `SIZE_MULTIPLE`."""
SIZE_MULTIPLE = 8
"""Pixels that one latent pixel of Stable Diffusion's VAE covers."""
STRENGTH = (0.01, 1.0)
SCALES = (1, 2)
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SCHEDULER = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_ADDRESS = re.compile(r"https?://[^\s/]+/\S{1,2000}")


@dataclass(frozen=True)
class SourceImage:
    """A picture to begin from, at an address that Discord gave.

    `strength` is the share of the denoising that is done anew; the picture is enlarged `scale`
    times before it.
    """

    url: str
    strength: float
    scale: int = 1

    @classmethod
    def read(cls, value: object) -> "SourceImage":
        """Read the JSON object of a source image strictly.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        read = Fields.of(value, "parameters.source", cls)
        url = read.matching("url", _ADDRESS)
        if url is None:
            raise InvalidJobError("parameters.source.url is missing")
        return cls(url, read.number("strength", STRENGTH), read.integer("scale", SCALES))


@dataclass(frozen=True)
class GenerationParameters:
    """What to draw. Width and height in pixels; picture i has the seed `seed + i`.

    `scheduler` is the class name of a diffusers scheduler and `model` one of the deployment's
    models; None leaves both to the worker. `source` makes it image-to-image.
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
        defaults = {
            field.name: field.default for field in fields(cls) if field.default is not MISSING
        }
        return cls.read(defaults | json.loads(text))

    @classmethod
    def read(cls, value: object) -> "GenerationParameters":
        """Read the JSON object of the parameters strictly: every field must be there.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        read = Fields.of(value, "parameters", cls)
        source = read.value("source")
        return cls(
            prompt=read.text("prompt", PROMPT_LENGTH),
            negative_prompt=read.text("negative_prompt", NEGATIVE_PROMPT_LENGTH),
            seed=read.integer("seed", SEED),
            steps=read.integer("steps", STEPS),
            guidance=read.number("guidance", GUIDANCE),
            width=read.integer("width", SIZE, multiple_of=SIZE_MULTIPLE),
            height=read.integer("height", SIZE, multiple_of=SIZE_MULTIPLE),
            images=read.integer("images", IMAGES),
            scheduler=read.matching("scheduler", _SCHEDULER),
            model=read.matching("model", MODEL_NAME),
            source=None if source is None else SourceImage.read(source),
        )
