"""The parameters of a picture request, and what is allowed for each."""

import json
import re
from dataclasses import MISSING, asdict, dataclass, fields

from discord_diffusion.jobs.options import PARAMETERS, STRENGTH
from discord_diffusion.jobs.validation import SCHEMA_VERSION, Fields, InvalidJobError

SCALES = (1, 2)
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
        return cls.read(_DEFAULTS | json.loads(text))

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
        read = Fields(newer | given.content, given.prefix)
        values = {
            option.name: option.read(read, _DEFAULTS.get(option.name, MISSING))
            for option in PARAMETERS
        }
        source = read.value("source")
        return cls(**values, source=None if source is None else SourceImage.read(source))


_DEFAULTS = {
    field.name: field.default
    for field in fields(GenerationParameters)
    if field.default is not MISSING
}
