"""What can be read of a message that is no job of this schema: whom to tell, and how old it is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from discord_diffusion.jobs.job import SCHEMA_VERSION, TOKEN_LIFETIME, snowflake_time

_SNOWFLAKE = re.compile(r"[0-9]{1,19}")


class Addressee(Protocol):
    """Whoever waits for an answer; a `Job` is one."""

    @property
    def id(self) -> str:
        """The interaction's id."""

    @property
    def application_id(self) -> str:
        """The application that was asked."""

    @property
    def token(self) -> str:
        """The credential of the answer."""

    @property
    def locale(self) -> str:
        """Discord's locale of whoever asked."""

    @property
    def expires_at(self) -> datetime:
        """From when on nobody can be told anything."""


@dataclass(frozen=True)
class Sender:
    """The addressee of a message of which no more could be read."""

    id: str
    application_id: str
    token: str = field(repr=False)
    locale: str = ""

    @property
    def expires_at(self) -> datetime:
        """From when on the token is refused."""
        return snowflake_time(self.id) + TOKEN_LIFETIME


@dataclass(frozen=True)
class Envelope:
    """The outside of a message."""

    sender: Sender | None
    """Missing where the message does not name it."""
    newer: bool
    """Whether a later version of this program may be able to read it."""

    @classmethod
    def read(cls, body: str) -> "Envelope":
        """Read leniently; never raises."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, Mapping):
            return cls(None, False)
        version = content.get("schema_version")
        return cls(_sender(content), type(version) is int and version > SCHEMA_VERSION)


def _sender(content: Mapping[str, Any]) -> Sender | None:
    names = ("id", "application_id", "token")
    job_id, application, token = (content.get(name) for name in names)
    if not (isinstance(job_id, str) and isinstance(application, str) and isinstance(token, str)):
        return None
    if not (_SNOWFLAKE.fullmatch(job_id) and _SNOWFLAKE.fullmatch(application) and token):
        return None
    locale = content.get("locale")
    return Sender(job_id, application, token, locale if isinstance(locale, str) else "")
