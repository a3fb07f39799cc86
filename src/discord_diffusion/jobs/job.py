"""A job: one accepted request, as the message that crosses the queue."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.validation import (
    READ_VERSIONS,
    SCHEMA_VERSION,
    Fields,
    InvalidJobError,
    shown,
)

TOKEN_LIFETIME = timedelta(minutes=15)
"""https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages"""

MAX_TOKEN_LENGTH = 2000
"""Characters of an interaction's token. Discord states no limit; its tokens have about 200. A much
longer one would make an address that no client sends."""

ANSWERED_AFTER = timedelta(seconds=4)
"""An interaction of this age is answered, or never will be: Discord waits 3 s for the answer.
https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction"""

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""https://docs.discord.com/developers/reference#snowflakes"""

DEFAULT_ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file where an interaction names no limit.
https://docs.discord.com/developers/reference#uploading-files"""

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_HEADER_SNOWFLAKE = re.compile(r"[0-9]{1,19}")


class Expiring:
    """The times of an object whose id is that of an interaction."""

    id: str

    @property
    def created_at(self) -> datetime:
        """When Discord created the interaction, from its snowflake."""
        return snowflake_time(self.id)

    @property
    def expires_at(self) -> datetime:
        """When the token expires; after it the user cannot be answered."""
        return self.created_at + TOKEN_LIFETIME


@dataclass(frozen=True)
class JobHeader(Expiring):
    """The part of a job message that is needed to answer its user.

    `id` is the id of the job and of its interaction. `token` is the credential of the answer; it is
    left out of `repr`. `locale` is Discord's locale of the user.
    """

    id: str
    application_id: str
    token: str = field(repr=False)
    locale: str


@dataclass(frozen=True)
class Job(JobHeader):
    """One accepted request of one user, answered by editing the original response of `id`.

    `attachment_size_limit` is in bytes of a file.
    """

    user_id: str
    parameters: GenerationParameters
    channel_id: str | None = None
    guild_id: str | None = None
    attachment_size_limit: int = DEFAULT_ATTACHMENT_SIZE_LIMIT
    nsfw: bool = False
    """Whether the channel is age-restricted."""
    private: bool = False
    """Whether only the user sees the answer."""
    spoiler: bool = False
    """Whether Discord hides the pictures until they are clicked."""
    safety_check: bool = True
    """Whether pictures that the model's safety checker flags are held back."""
    traceparent: str | None = None
    """Trace that the job belongs to: https://www.w3.org/TR/trace-context/#traceparent-header"""
    units: int = 0
    """What it costs, in hundredths of a unit; 0 where that is not known."""
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """The message body: ASCII only, because SQS does not accept every Unicode character."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read a message body strictly.

        Raises:
            InvalidJobError: naming the field, its value (never the token's) and what is allowed.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidJobError("the message is not JSON") from error
        if not isinstance(content, dict):
            raise InvalidJobError(f"the message is {type(content).__name__}, not an object")
        version = content.get("schema_version")
        if type(version) is not int or version not in READ_VERSIONS:
            raise InvalidJobError(f"schema_version is {shown(version)}, not {SCHEMA_VERSION}")
        if version == 1:
            content = {"units": 0} | content
        read = Fields.of(content, "", cls)
        return cls(
            id=read.snowflake("id"),
            application_id=read.snowflake("application_id"),
            token=read.secret("token", MAX_TOKEN_LENGTH),
            user_id=read.snowflake("user_id"),
            locale=read.text("locale", (1, 16)),
            parameters=GenerationParameters.read(content.get("parameters"), version),
            channel_id=read.optional_snowflake("channel_id"),
            guild_id=read.optional_snowflake("guild_id"),
            attachment_size_limit=read.integer("attachment_size_limit", (1, 2**31)),
            nsfw=read.boolean("nsfw"),
            private=read.boolean("private"),
            spoiler=read.boolean("spoiler"),
            safety_check=read.boolean("safety_check"),
            traceparent=read.matching("traceparent", _TRACEPARENT),
            units=read.integer("units", (0, 2**31)),
        )


def read_header(body: str) -> JobHeader | None:
    """The header of a message that may be no valid job; None if the header is not valid either.

    Never raises.
    """
    content = _read_leniently(body)
    job_id, application_id, token, locale = (
        content.get(name) for name in ("id", "application_id", "token", "locale")
    )
    if not (isinstance(job_id, str) and isinstance(application_id, str) and isinstance(token, str)):
        return None
    if not (_HEADER_SNOWFLAKE.fullmatch(job_id) and _HEADER_SNOWFLAKE.fullmatch(application_id)):
        return None
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        return None
    return JobHeader(job_id, application_id, token, locale if isinstance(locale, str) else "")


def has_newer_schema(body: str) -> bool:
    """Whether a later version of this program may be able to read the message. Never raises."""
    version = _read_leniently(body).get("schema_version")
    return type(version) is int and version > SCHEMA_VERSION


def snowflake_time(snowflake: str) -> datetime:
    """When Discord created the object with that id."""
    return DISCORD_EPOCH + timedelta(milliseconds=int(snowflake) >> 22)


def _read_leniently(body: str) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, Mapping) else {}
