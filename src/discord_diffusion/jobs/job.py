"""A job: one accepted request, the message that crosses the queue. Pure; standard library only."""

import json
import re
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

SCHEMA_VERSION = 1
"""Raised when a worker of today could misread a message of tomorrow."""

TOKEN_LIFETIME = timedelta(minutes=15)
"""https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages"""

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""https://docs.discord.com/developers/reference#snowflakes"""

DEFAULT_ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes a file where an interaction does not say.
https://docs.discord.com/developers/reference#uploading-files"""

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
"""What a latent pixel of Stable Diffusion's VAE covers."""
STRENGTH = (0.01, 1.0)
SCALES = (1, 2)
_DIGITS = re.compile(r"[0-9]{1,20}")
_SCHEDULER = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ADDRESS = re.compile(r"https?://[^\s/]+/\S{1,2000}")


class InvalidJob(ValueError):  # noqa: N818 - it says what is wrong, not that it is an error
    """A message that is no job of this schema; the text never holds the token."""


@dataclass(frozen=True)
class SourceImage:
    """A picture to begin from, at an address that Discord gave.

    `strength` is the share of the denoising that is done anew; the picture is enlarged `scale`
    times before it.
    """

    url: str
    strength: float
    scale: int = 1


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

    def to_json(self) -> str:
        """The parameters alone, for where they are kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "GenerationParameters":
        """Read what `to_json` wrote, also before the fields with a default were there.

        Raises:
            InvalidJob: naming the field, its value and what is allowed.
        """
        kept = json.loads(text)
        _known(kept, cls, "parameters.")
        defaults = {one.name: one.default for one in fields(cls) if one.default is not MISSING}
        return _parameters(defaults | kept)


@dataclass(frozen=True)
class Job:
    """One request of one user, answered by editing the original response of `id`.

    `attachment_size_limit` is in bytes a file. `token` is the credential of the answer; it is left
    out of `repr`.
    """

    id: str
    application_id: str
    token: str = field(repr=False)
    user_id: str
    locale: str
    parameters: GenerationParameters
    channel_id: str | None = None
    guild_id: str | None = None
    attachment_size_limit: int = DEFAULT_ATTACHMENT_SIZE_LIMIT
    nsfw: bool = False
    """Whether the channel is age-restricted."""
    private: bool = False
    """Whether the answer is for its user's eyes only."""
    spoiler: bool = False
    """Whether the pictures are veiled until they are clicked."""
    safety_check: bool = True
    """Whether pictures that the model's safety checker holds back are held back."""
    traceparent: str | None = None
    """Trace that the job belongs to: https://www.w3.org/TR/trace-context/#traceparent-header"""
    schema_version: int = SCHEMA_VERSION

    @property
    def created_at(self) -> datetime:
        """When Discord made the interaction, from its snowflake."""
        return snowflake_time(self.id)

    @property
    def expires_at(self) -> datetime:
        """From when on the token is refused and nobody can be told anything."""
        return self.created_at + TOKEN_LIFETIME

    def to_json(self) -> str:
        """The message body: ASCII only, for SQS does not take every character of Unicode."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read a message body strictly.

        Raises:
            InvalidJob: naming the field, its value (never the token's) and what is allowed.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidJob("the message is not JSON") from error
        if not isinstance(content, dict):
            raise InvalidJob(f"the message is {type(content).__name__}, not an object")
        version = content.get("schema_version")
        if type(version) is not int or version != SCHEMA_VERSION:
            raise InvalidJob(f"schema_version is {_shown(version)}, not {SCHEMA_VERSION}")
        _known(content, cls, "")
        parameters = content.get("parameters")
        if not isinstance(parameters, dict):
            raise InvalidJob(f"parameters is {_shown(parameters)}, not an object")
        _known(parameters, GenerationParameters, "parameters.")
        return cls(
            id=_snowflake(content, "id"),
            application_id=_snowflake(content, "application_id"),
            token=_token(content),
            user_id=_snowflake(content, "user_id"),
            locale=_text(content, "locale", (1, 16)),
            parameters=_parameters(parameters),
            channel_id=_optional_snowflake(content, "channel_id"),
            guild_id=_optional_snowflake(content, "guild_id"),
            attachment_size_limit=_integer(content, "attachment_size_limit", (1, 2**31)),
            nsfw=_boolean(content, "nsfw"),
            private=_boolean(content, "private"),
            spoiler=_boolean(content, "spoiler"),
            safety_check=_boolean(content, "safety_check"),
            traceparent=_optional_match(content, "traceparent", _TRACEPARENT),
        )


def snowflake_time(snowflake: str) -> datetime:
    """When Discord made the object of that id."""
    return DISCORD_EPOCH + timedelta(milliseconds=int(snowflake) >> 22)


def _parameters(content: dict[str, Any]) -> GenerationParameters:
    return GenerationParameters(
        prompt=_text(content, "prompt", PROMPT_LENGTH),
        negative_prompt=_text(content, "negative_prompt", NEGATIVE_PROMPT_LENGTH),
        seed=_integer(content, "seed", SEED),
        steps=_integer(content, "steps", STEPS),
        guidance=_number(content, "guidance", GUIDANCE),
        width=_size(content, "width"),
        height=_size(content, "height"),
        images=_integer(content, "images", IMAGES),
        scheduler=_optional_match(content, "scheduler", _SCHEDULER),
        model=_optional_match(content, "model", _MODEL),
        source=_source(content),
    )


def _source(content: dict[str, Any]) -> SourceImage | None:
    source = _value(content, "source")
    if source is None:
        return None
    if not isinstance(source, dict):
        raise InvalidJob(f"parameters.source is {_shown(source)}, not an object")
    _known(source, SourceImage, "parameters.source.")
    url = _optional_match(source, "url", _ADDRESS)
    if url is None:
        raise InvalidJob("parameters.source.url is missing")
    return SourceImage(
        url=url,
        strength=_number(source, "strength", STRENGTH),
        scale=_integer(source, "scale", (SCALES[0], SCALES[-1])),
    )


def _known(content: dict[str, Any], kind: type, prefix: str) -> None:
    names = {one.name for one in fields(kind)}
    if unknown := sorted(map(str, content.keys() - names)):
        raise InvalidJob(f"{prefix}{_shown(unknown[0])} is no field of schema {SCHEMA_VERSION}")


def _value(content: dict[str, Any], name: str) -> Any:
    if name not in content:
        raise InvalidJob(f"{name} is missing")
    return content[name]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _text(content: dict[str, Any], name: str, length: tuple[int, int]) -> str:
    value = _value(content, name)
    if not isinstance(value, str) or not length[0] <= len(value) <= length[1]:
        raise InvalidJob(f"{name} is {_shown(value)}, not a text of {length[0]} to {length[1]}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidJob(f"{name} is {_shown(value)}, which holds half a character")
    return value


def _token(content: dict[str, Any]) -> str:
    value = _value(content, "token")
    if not isinstance(value, str) or not value:
        raise InvalidJob("token is not a text")
    return value


def _integer(content: dict[str, Any], name: str, allowed: tuple[int, int]) -> int:
    value = _value(content, name)
    if type(value) is not int or not allowed[0] <= value <= allowed[1]:
        raise InvalidJob(
            f"{name} is {_shown(value)}, not a whole number from {allowed[0]} to {allowed[1]}"
        )
    return value


def _size(content: dict[str, Any], name: str) -> int:
    value = _integer(content, name, SIZE)
    if value % SIZE_MULTIPLE:
        raise InvalidJob(f"{name} is {value}, not a multiple of {SIZE_MULTIPLE}")
    return value


def _number(content: dict[str, Any], name: str, allowed: tuple[float, float]) -> float:
    value = _value(content, name)
    if type(value) not in (int, float) or not allowed[0] <= value <= allowed[1]:
        raise InvalidJob(
            f"{name} is {_shown(value)}, not a number from {allowed[0]} to {allowed[1]}"
        )
    return float(value)


def _optional_match(content: dict[str, Any], name: str, allowed: re.Pattern[str]) -> str | None:
    value = _value(content, name)
    if value is None or (isinstance(value, str) and allowed.fullmatch(value)):
        return value
    raise InvalidJob(f"{name} is {_shown(value)}, not of the form {allowed.pattern}")


def _boolean(content: dict[str, Any], name: str) -> bool:
    value = _value(content, name)
    if not isinstance(value, bool):
        raise InvalidJob(f"{name} is {_shown(value)}, not true or false")
    return value


def _snowflake(content: dict[str, Any], name: str) -> str:
    value = _value(content, name)
    if isinstance(value, str) and _DIGITS.fullmatch(value) and int(value) < 2**64:
        return value
    raise InvalidJob(f"{name} is {_shown(value)}, not a snowflake")


def _optional_snowflake(content: dict[str, Any], name: str) -> str | None:
    return None if _value(content, name) is None else _snowflake(content, name)
