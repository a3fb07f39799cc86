"""The original response of an interaction, whatever library calls it: its address and its answers.

No bot token is needed; the interaction token in the path is the credential, so a URL is never
logged and never part of an error's text.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from discord_diffusion.discord.api_errors import ApiError, api_error

USER_AGENT = "DiscordBot (https://github.com/discord-diffusion/discord-diffusion, 0.1.0)"
"""Required form: https://docs.discord.com/developers/reference#user-agent"""

LONGEST_RATE_LIMIT_WAIT_SECONDS = 5.0
"""A call that would have to wait longer is refused, so that the caller decides."""


@dataclass(frozen=True)
class Message:
    """What of a message matters here."""

    id: str
    content: str
    filenames: tuple[str, ...]

    @classmethod
    def from_json(cls, payload: Any) -> "Message":
        """Read an answer leniently: Discord adds fields at will and nothing depends on the rest."""
        fields = payload if isinstance(payload, Mapping) else {}
        attachments = fields.get("attachments")
        return cls(
            id=str(fields.get("id", "")),
            content=str(fields.get("content", "")),
            filenames=tuple(
                str(attachment.get("filename", ""))
                for attachment in (attachments if isinstance(attachments, list) else [])
                if isinstance(attachment, Mapping)
            ),
        )


def path(application_id: str, token: str) -> str:
    """Where the original response is, below the API's base."""
    credential = f"{quote(application_id, safe='')}/{quote(token, safe='')}"
    return f"/webhooks/{credential}/messages/@original"


def refusal(status: int, headers: Mapping[str, str], payload: Any, reason: str) -> ApiError:
    """The error that an answer stands for; `payload` is its JSON, `reason` what HTTP says."""
    fields = payload if isinstance(payload, Mapping) else {}
    code, text = fields.get("code"), fields.get("message")
    retry_after: Any = fields.get("retry_after", headers.get("Retry-After"))
    try:
        seconds = float(retry_after)
    except (TypeError, ValueError):
        seconds = 1.0
    return api_error(
        status,
        code if isinstance(code, int) else None,
        text if isinstance(text, str) else reason,
        max(0.0, seconds),
    )
