"""Removes from text what must not leave the account: tokens of Discord and the hub, AWS's keys."""

import re

_REMOVED = "[removed]"
_SECRETS = (
    # https://docs.discord.com/developers/reference#authentication
    re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"),
    # An interaction's token begins with base64 of `interaction:`; it is also part of paths.
    re.compile(r"\baW50ZXJhY3Rpb2[\w=-]+"),
    re.compile(r"(?<=/webhooks/)(\d+)/[^/\s\"?]+"),
    re.compile(r"(?<=/interactions/)(\d+)/[^/\s\"?]+"),
    # https://huggingface.co/docs/hub/security-tokens
    re.compile(r"\bhf_[A-Za-z0-9]{20,}"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"),
    # A field of JSON, also of JSON within JSON, whose quotes have backslashes; or of other text.
    re.compile(
        r"(?i)((?:token|secret|password|secret_?access_?key|session_?token|authorization)"
        r"\\*['\"]?\s*[:=]\s*)(\\*\"[^\"]*\"|(?:(?:basic|bearer|bot)\s+)?\S+)"
    ),
)


def redacted(text: str, *known: str | None) -> str:
    """The text without what looks like a secret, and without the `known` ones."""
    for secret in known:
        if secret:
            text = text.replace(secret, _REMOVED)
    for pattern in _SECRETS:
        text = pattern.sub(_replacement, text)
    return text


def _replacement(found: re.Match[str]) -> str:
    """What is removed, behind the id or the name that precedes it."""
    kept = found[1] if found.re.groups else ""
    separator = "/" if kept.isdigit() else ""
    return f"{kept}{separator}{_REMOVED}"
